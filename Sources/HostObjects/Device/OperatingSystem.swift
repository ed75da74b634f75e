/// What runs on the hardware.
struct OperatingSystem {
    /// `PRETTY_NAME` of os-release(5): `Debian GNU/Linux 12 (bookworm)`.
    let name: String?

    init(reading files: HostFiles) {
        let text = files.text("/etc/os-release", limit: 65536) ?? files.text("/usr/lib/os-release", limit: 65536) ?? ""
        let line = text.split(separator: "\n").last { $0.hasPrefix("PRETTY_NAME=") }
        name = line.map { Self.unquoted($0.dropFirst("PRETTY_NAME=".count)) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A shell's word: bare, or in quotes, where a backslash takes the next character as it is.
    private static func unquoted(_ text: Substring) -> String {
        var result = ""
        var quote: Character?
        var rest = text
        while let character = rest.popFirst() {
            switch character {
            case "\\" where quote != "'": if let next = rest.popFirst() { result.append(next) }
            case "\"", "'":
                if quote == nil {
                    quote = character
                } else if quote == character {
                    quote = nil
                } else {
                    result.append(character)
                }
            default: result.append(character)
            }
        }
        return result
    }
}
