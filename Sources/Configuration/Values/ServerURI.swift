import Linux

/// `coaps://host:port` or `coap://host:port`: the resource 0/x/0, as RFC 7252, section 6, writes it.
public struct ServerURI: Hashable, Sendable, CustomStringConvertible {
    /// Whether DTLS protects it: `coaps`.
    public let isSecure: Bool
    /// A name or an address; an IPv6 address without brackets.
    public let host: String
    /// By default 5684, or 5683 with `coap`.
    public let port: UInt16

    /// Why a text is no address of a server.
    struct Refusal: Error { let text: String }

    /// Nil unless it is scheme, host and at most a port; user, path and query have no meaning here.
    public init?(_ text: String) {
        guard let uri = try? ServerURI(parsing: text) else { return nil }
        self = uri
    }

    /// What is wrong with a text: its port, its host, …; nil when nothing is.
    static func problem(_ text: String) -> String? {
        do throws(Refusal) {
            _ = try ServerURI(parsing: text)
            return nil
        } catch {
            return error.text
        }
    }

    private init(parsing text: String) throws(Refusal) {
        guard text.utf8.count <= 255 else { throw Refusal(text: "it has \(text.utf8.count) bytes") }
        guard let separator = text.firstOccurrence(of: "://") else { throw Refusal(text: "it has no '://'") }
        switch text[..<separator.lowerBound].lowercased() {
        case "coaps": isSecure = true
        case "coap": isSecure = false
        default: throw Refusal(text: "the scheme '\(text[..<separator.lowerBound])' is not coaps or coap")
        }
        var authority = text[separator.upperBound...]
        if authority.last == "/" { authority.removeLast() }
        guard !authority.contains("@") else { throw Refusal(text: "user information has no meaning before the host") }
        guard !authority.contains(where: { $0 == "/" || $0 == "?" || $0 == "#" }) else {
            throw Refusal(text: "a path or a query has no meaning after the host")
        }
        let portText: Substring?
        if authority.first == "[" {
            (host, portText) = try Self.address(authority)
        } else {
            let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count < 2 || !parts[1].contains(":") else {
                throw Refusal(text: "an IPv6 address stands in brackets: [2001:db8::1]")
            }
            host = try Self.name(parts.first ?? "")
            portText = parts.count == 2 ? parts[1] : nil
        }
        guard let portText else {
            port = isSecure ? 5684 : 5683
            return
        }
        guard portText.first?.isNumber == true, let number = UInt16(portText), number > 0 else {
            throw Refusal(text: "the port '\(portText)' is not a number from 1 to 65535")
        }
        port = number
    }

    /// An IPv6 address in brackets, and what follows its colon.
    private static func address(_ authority: Substring) throws(Refusal) -> (host: String, port: Substring?) {
        guard let close = authority.firstIndex(of: "]") else { throw Refusal(text: "the bracket is not closed") }
        let address = authority[authority.index(after: authority.startIndex)..<close]
        // A zone, as in fe80::1%eth0, names an interface (RFC 4007, section 11).
        let zoned = address.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard address.contains(":"), zoned[0].allSatisfy({ $0.isASCII && ($0.isHexDigit || $0 == ":" || $0 == ".") }),
            zoned.dropFirst().allSatisfy({
                !$0.isEmpty && $0.utf8.count <= 15 && $0.allSatisfy(isNameCharacter)
            })
        else { throw Refusal(text: "'\(address)' is not an IPv6 address") }
        let rest = authority[authority.index(after: close)...]
        guard rest.isEmpty || rest.first == ":" else {
            throw Refusal(text: "only a port may follow the bracket, not '\(rest)'")
        }
        return (String(address), rest.isEmpty ? nil : rest.dropFirst())
    }

    /// A host name by RFC 1123; the underscore is seen in the wild.
    private static func name(_ name: Substring) throws(Refusal) -> String {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, !labels.isEmpty,
            labels.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 63 && $0.allSatisfy(isNameCharacter) })
        else { throw Refusal(text: "'\(name)' is not the name of a host") }
        return String(name)
    }

    private static func isNameCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "-" || character == "_")
    }

    public var description: String {
        let shown = host.contains(":") ? "[\(host)]" : host
        return "\(isSecure ? "coaps" : "coap")://\(shown):\(port)"
    }
}
