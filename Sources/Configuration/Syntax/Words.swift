/// Words of a value, separated by white space, as systemd reads them: `'…'` and `"…"` keep white space and may be
/// empty; a backslash takes the next character as it is, and within quotes knows `\n`, `\t`, `\\`, `\"`, `\'`, `\s`.
///
/// A quote, a backslash and a blank are what they are also before a combining character, with which they are one `Character`.
public enum Words {
    /// Splits a value.
    ///
    /// - Returns: nil when a quote is not closed or a backslash ends the value.
    public static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Unicode.Scalar?
        func take(_ scalar: Unicode.Scalar) {
            var longer = word.take() ?? ""
            longer.unicodeScalars.append(scalar)
            word = longer
        }
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            if scalar == "\\" {
                guard let next = scalars.next() else { return nil }
                take(escaped(next))
            } else if let open = quote {
                if scalar == open { quote = nil } else { take(scalar) }
            } else if scalar == "'" || scalar == "\"" {
                quote = scalar
                word = word ?? ""
            } else if scalar.properties.isWhitespace {
                if let done = word { words.append(done) }
                word = nil
            } else {
                take(scalar)
            }
        }
        guard quote == nil else { return nil }
        if let word { words.append(word) }
        return words
    }

    /// A word as `split` reads it back: quoted when it has to be.
    public static func quoted(_ word: String) -> String {
        let scalars = word.unicodeScalars
        let plain = !scalars.contains { $0.properties.isWhitespace || $0 == "'" || $0 == "\"" || $0 == "\\" }
        if plain && !word.isEmpty { return word }
        var text = "\""
        for scalar in scalars {
            switch scalar {
            case "\"", "\\": text.unicodeScalars.append(contentsOf: ["\\", scalar])
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar {
        case "n": "\n"
        case "t": "\t"
        case "s": " "
        default: scalar
        }
    }
}
