/// Words of a value, separated by white space, as systemd reads them: `'…'` and `"…"` keep white space and may be
/// empty; a backslash takes the next character as it is, and within quotes knows `\n`, `\t`, `\\`, `\"`, `\'`, `\s`.
public enum Words {
    /// Splits a value.
    ///
    /// - Returns: nil when a quote is not closed or a backslash ends the value.
    public static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var characters = text.makeIterator()
        while let character = characters.next() {
            if character == "\\" {
                guard let next = characters.next() else { return nil }
                word = (word ?? "") + String(escaped(next))
            } else if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character.isWhitespace {
                if let done = word { words.append(done) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { return nil }
        if let word { words.append(word) }
        return words
    }

    /// A word as `split` reads it back: quoted when it has to be.
    public static func quoted(_ word: String) -> String {
        let plain = !word.isEmpty && !word.contains { $0.isWhitespace || $0 == "'" || $0 == "\"" || $0 == "\\" }
        if plain { return word }
        return "\""
            + word.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0 == "\n" ? "\\n" : $0 == "\t" ? "\\t" : String($0) }
            .joined() + "\""
    }

    private static func escaped(_ character: Character) -> Character {
        switch character {
        case "n": "\n"
        case "t": "\t"
        case "s": " "
        default: character
        }
    }
}
