/// The CoRE link format (content format 40, RFC 6690, section 2). The client writes it, the tests' server reads it.
public enum LinkFormat {
    /// Why a text is not a list of links.
    public struct Malformed: Error, Hashable, Sendable {
        public let message: String
        public let offset: Int
    }

    /// Writes `</1/0>,</3/0>;dim=2`. Numbers are not quoted, other values are.
    public static func encode(_ links: [Link]) -> [UInt8] {
        Array(
            links.map { link in
                "<\(link.target)>"
                    + link.parameters.map { parameter in
                        guard let value = parameter.value else { return ";\(parameter.name)" }
                        return ";\(parameter.name)=\(isBare(value) ? value : quoted(value))"
                    }.joined()
            }.joined(separator: ",").utf8)
    }

    /// Whether a value needs no quotes: signs, digits, point and exponent. RFC 6690's `ptoken` allows more, but some servers fail
    /// on it.
    private static func isBare(_ value: String) -> Bool {
        !value.isEmpty
            && value.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
    }

    /// Scalar by scalar: a quote and a combining character after it are one `Character`.
    private static func quoted(_ value: String) -> String {
        var text = "\""
        for scalar in value.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { text.unicodeScalars.append("\\") }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }

    // MARK: Reading

    /// Reads a list of links. Blanks after commas and semicolons are tolerated.
    /// - Throws: for anything else, with the offset, and for more than 4096 links or 64 parameters of one link.
    public static func decode(_ bytes: [UInt8]) throws(Malformed) -> [Link] {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw Malformed(message: "the text is not UTF-8", offset: 0)
        }
        var reader = Reader(rest: bytes[...])
        var links: [Link] = []
        reader.skipBlanks()
        while !reader.rest.isEmpty {
            guard links.count < Codec.recordLimit else {
                throw reader.failure("the list has more than \(Codec.recordLimit) links")
            }
            links.append(try reader.link())
            if reader.rest.isEmpty { break }
            try reader.expect(",")
            reader.skipBlanks()
            if reader.rest.isEmpty { throw reader.failure("expected a link after the comma") }
        }
        return links
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        func failure(_ message: String) -> Malformed { Malformed(message: message, offset: rest.startIndex) }

        mutating func skipBlanks() { rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D } }

        mutating func expect(_ character: Character) throws(Malformed) {
            guard rest.first == character.asciiValue else { throw failure("expected '\(character)'") }
            rest = rest.dropFirst()
        }

        mutating func link() throws(Malformed) -> Link {
            try expect("<")
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { throw failure("'>' is missing") }
            let target = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            var parameters: [Link.Parameter] = []
            skipBlanks()
            while rest.first == UInt8(ascii: ";") {
                rest = rest.dropFirst()
                skipBlanks()
                guard parameters.count < 64 else { throw failure("a link has more than 64 parameters") }
                parameters.append(try parameter())
                skipBlanks()
            }
            return Link(target, parameters)
        }

        private mutating func parameter() throws(Malformed) -> Link.Parameter {
            let name = token()
            guard !name.isEmpty else { throw failure("expected the name of a parameter") }
            guard rest.first == UInt8(ascii: "=") else { return Link.Parameter(name, nil) }
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "\"") { return Link.Parameter(name, try quotedString()) }
            let value = token()
            guard !value.isEmpty else { throw failure("expected the value of \(name)") }
            return Link.Parameter(name, value)
        }

        private mutating func token() -> String {
            let token = rest.prefix { $0 > 0x20 && $0 != 0x7F && !"\",;<=>\\".utf8.contains($0) }
            rest = rest[token.endIndex...]
            return String(decoding: token, as: UTF8.self)
        }

        private mutating func quotedString() throws(Malformed) -> String {
            rest = rest.dropFirst()
            var value: [UInt8] = []
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "\"") { return String(decoding: value, as: UTF8.self) }
                if byte == UInt8(ascii: "\\") {
                    guard let escaped = rest.popFirst() else { break }
                    value.append(escaped)
                } else {
                    value.append(byte)
                }
            }
            throw failure("a quoted value has no end")
        }
    }
}
