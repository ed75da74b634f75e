/// The CoRE link format (content format 40, RFC 6690, 2): read by the tests' server, written by the client.
public enum LinkFormat {
    /// Why a text is no list of links.
    public struct Malformed: Error, Hashable, Sendable {
        public let message: String
        public let offset: Int
    }

    /// `</1/0>,</3/0>;dim=2`: numbers bare, all else quoted.
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

    /// Signs, digits, the point and the exponent: `ptoken` of RFC 6690 has more, but servers were seen to trip over it.
    private static func isBare(_ value: String) -> Bool {
        !value.isEmpty
            && value.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
    }

    private static func quoted(_ value: String) -> String {
        "\"" + value.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "\""
    }

    // MARK: Reading

    /// Reads a list of links, with blanks after commas and semicolons tolerated.
    /// - Throws: for anything that is no such list, with the offset; for more than 4096 links or 64 parameters of one.
    public static func decode(_ bytes: [UInt8]) throws(Malformed) -> [Link] {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw Malformed(message: "the text is not UTF-8", offset: 0)
        }
        var reader = Reader(rest: bytes[...])
        var links: [Link] = []
        reader.skipBlanks()
        while !reader.rest.isEmpty {
            guard links.count < Codec.recordLimit else { throw reader.failure("more than \(Codec.recordLimit) links") }
            links.append(try reader.link())
            if reader.rest.isEmpty { break }
            try reader.expect(",")
            reader.skipBlanks()
            if reader.rest.isEmpty { throw reader.failure("a link was expected after the comma") }
        }
        return links
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        func failure(_ message: String) -> Malformed { Malformed(message: message, offset: rest.startIndex) }

        mutating func skipBlanks() { rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D } }

        mutating func expect(_ character: Character) throws(Malformed) {
            guard rest.first == character.asciiValue else { throw failure("«\(character)» was expected") }
            rest = rest.dropFirst()
        }

        mutating func link() throws(Malformed) -> Link {
            try expect("<")
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { throw failure("«>» is missing") }
            let target = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            var parameters: [Link.Parameter] = []
            skipBlanks()
            while rest.first == UInt8(ascii: ";") {
                rest = rest.dropFirst()
                skipBlanks()
                guard parameters.count < 64 else { throw failure("more than 64 parameters of one link") }
                parameters.append(try parameter())
                skipBlanks()
            }
            return Link(target, parameters)
        }

        private mutating func parameter() throws(Malformed) -> Link.Parameter {
            let name = token()
            guard !name.isEmpty else { throw failure("the name of a parameter was expected") }
            guard rest.first == UInt8(ascii: "=") else { return Link.Parameter(name, nil) }
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "\"") { return Link.Parameter(name, try quotedString()) }
            let value = token()
            guard !value.isEmpty else { throw failure("the value of \(name) was expected") }
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
