import Configuration
import Linux

/// Takes secrets out of what goes into a support archive.
struct Redaction {
    static let mark = "(removed)"

    /// Keys as hexadecimal digits, lower case.
    private let keys: [String]

    /// - Parameter keys: the bytes of the pre-shared keys that are configured; wherever they stand as hexadecimal digits
    ///   or as text, they are removed.
    init(keys: [Secret] = []) {
        // A shorter one would be found everywhere.
        self.keys = keys.filter { $0.bytes.count >= 4 }.flatMap { secret -> [String] in
            let isText = secret.bytes.count >= 6 && secret.bytes.allSatisfy { (0x21...0x7E).contains($0) }
            return [secret.bytes.hexadecimal]
                + (isText ? [String(decoding: secret.bytes, as: UTF8.self).lowercased()] : [])
        }
    }

    /// Any text: without the keys, and without user information and query of each address.
    func text(_ text: String) -> String { withoutCredentials(withoutKeys(text)) }

    /// The journal: also without runs of 32 or more hexadecimal digits, which may be a key that somebody wrote in the wrong
    /// place. Identifiers of boots go as well.
    func journal(_ text: String) -> String { withoutHexadecimal(self.text(text)[...], atLeast: 32) }

    /// A configuration file: also without its comments, where anything may stand, and without values that look like keys.
    func configuration(_ text: String) -> String {
        // The line before was removed and goes on in this one.
        var isContinued = false
        return self.text(text).split(separator: "\n", omittingEmptySubsequences: false).map { line in
            if isContinued {
                isContinued = line.hasSuffix("\\")
                return Self.mark
            }
            let start = line.first { !$0.isWhitespace }
            guard start != "#", start != ";" else { return "# \(Self.mark)" }
            guard let equals = line.firstIndex(of: "=") else { return withoutHexadecimal(line) }
            let key = line[..<equals].trimmed.lowercased()
            let isSecret = ["password", "secret", "token", "passphrase", "privatekey", "credential", "environment"]
                .contains { key.holds($0) }
            isContinued = isSecret && line.hasSuffix("\\")
            let value = line[line.index(after: equals)...]
            return "\(line[..<equals])=" + (isSecret ? Self.mark : withoutHexadecimal(value))
        }.joined(separator: "\n")
    }

    private func withoutKeys(_ text: String) -> String {
        keys.reduce(text) { text, key in
            guard !key.isEmpty else { return text }
            var result = ""
            var rest = Array(text.utf8)[...]
            let needle = Array(key.utf8)
            var kept: [UInt8] = []
            while let byte = rest.first {
                if Self.lower(byte) == needle[0], rest.count >= needle.count,
                    zip(rest, needle).allSatisfy({ Self.lower($0) == $1 })
                {
                    result += String(decoding: kept, as: UTF8.self) + Self.mark
                    kept = []
                    rest = rest.dropFirst(needle.count)
                } else {
                    kept.append(byte)
                    rest = rest.dropFirst()
                }
            }
            return result + String(decoding: kept, as: UTF8.self)
        }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte + 0x20 : byte }

    /// `https://user:password@host/path?token=…` becomes `https://host/path`.
    private func withoutCredentials(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let scheme = rest.firstOccurrence(of: "://") {
            result += rest[..<scheme.upperBound]
            var address = rest[scheme.upperBound...].prefix { !$0.isWhitespace && !"\"'<>|".contains($0) }
            while let last = address.last, ",;.:!?)]}".contains(last) { address = address.dropLast() }
            rest = rest[address.endIndex...]
            let authority = address.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
            let path = address[authority.endIndex...].prefix { $0 != "?" && $0 != "#" }
            let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
            result += host + path
            if path.endIndex < address.endIndex { result += "?\(Self.mark)" }
        }
        return result + rest
    }

    /// Runs of 16 or more hexadecimal digits may be a key that was written in the wrong place.
    private func withoutHexadecimal(_ text: Substring, atLeast count: Int = 16) -> String {
        var result = ""
        var rest = text
        while let first = rest.first {
            let digits = rest.prefix { $0.isHexDigit }
            if digits.count >= count {
                result += Self.mark
                rest = rest[digits.endIndex...]
            } else if digits.isEmpty {
                result.append(first)
                rest = rest.dropFirst()
            } else {
                result += digits
                rest = rest[digits.endIndex...]
            }
        }
        return result
    }
}
