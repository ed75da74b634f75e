import Linux

/// `coaps://host:port` or `coap://host:port`: the resource 0/x/0, as RFC 7252, section 6, writes it.
public struct ServerURI: Hashable, Sendable, CustomStringConvertible {
    /// Whether DTLS protects it: `coaps`.
    public let isSecure: Bool
    /// A name or an address; an IPv6 address without brackets.
    public let host: String
    /// 5684 or 5683 when none is written.
    public let port: UInt16

    /// Nil unless it is scheme, host and at most a port; user, path and query have no meaning here.
    public init?(_ text: String) {
        guard text.utf8.count <= 255, let separator = text.firstOccurrence(of: "://") else { return nil }
        switch text[..<separator.lowerBound].lowercased() {
        case "coaps": isSecure = true
        case "coap": isSecure = false
        default: return nil
        }
        var authority = text[separator.upperBound...]
        if authority.last == "/" { authority.removeLast() }
        let portText: Substring?
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            let address = authority[authority.index(after: authority.startIndex)..<close]
            // A zone, as in fe80::1%eth0, names an interface (RFC 4007, section 11).
            let zoned = address.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
            guard address.contains(":"), zoned[0].allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }),
                zoned.dropFirst().allSatisfy({
                    !$0.isEmpty && $0.utf8.count <= 15 && $0.allSatisfy(Self.isNameCharacter)
                })
            else { return nil }
            host = String(address)
            let rest = authority[authority.index(after: close)...]
            guard rest.isEmpty || rest.first == ":" else { return nil }
            portText = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts.first ?? ""
            // RFC 1123's host names; the underscore is seen in the wild.
            let labels = name.split(separator: ".", omittingEmptySubsequences: false)
            guard name.utf8.count <= 253, !labels.isEmpty,
                labels.allSatisfy({ label in
                    !label.isEmpty && label.utf8.count <= 63
                        && label.allSatisfy(Self.isNameCharacter)
                })
            else { return nil }
            host = String(name)
            portText = parts.count == 2 ? parts[1] : nil
        }
        if let portText {
            guard portText.first?.isNumber == true, let number = UInt16(portText), number > 0 else { return nil }
            port = number
        } else {
            port = isSecure ? 5684 : 5683
        }
    }

    private static func isNameCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "-" || character == "_")
    }

    public var description: String {
        let shown = host.contains(":") ? "[\(host)]" : host
        return "\(isSecure ? "coaps" : "coap")://\(shown):\(port)"
    }
}
