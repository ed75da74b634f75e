/// A text with systemd's `%` specifiers (`systemd.unit(5)`, "Specifiers"), expanded.
enum Specifiers: Hashable, Sendable {
    case expanded(String)
    /// The first specifier without a value; nil for a `%` at the end.
    case unknown(Character?)

    /// - Parameter value: what a specifier stands for; nil when it has no value. `%%` is a percent sign anywhere.
    init(in text: String, _ value: (Character) -> String?) {
        var result = ""
        var characters = text.makeIterator()
        while let character = characters.next() {
            guard character == "%" else {
                result.append(character)
                continue
            }
            let letter = characters.next()
            guard let letter, let expansion = letter == "%" ? "%" : value(letter) else {
                self = .unknown(letter)
                return
            }
            result += expansion
        }
        self = .expanded(result)
    }
}
