import Glibc

/// Which proxy a request goes through, from the environment as curl reads it: `http_proxy`, `https_proxy`, `all_proxy` and
/// `no_proxy` (curl(1), "ENVIRONMENT").
public struct ProxySettings: Hashable, Sendable {
    private let environment: [String: String]

    init(_ environment: [String: String]) { self.environment = environment }

    /// The variables of this process.
    public static var environment: [String: String] {
        var found: [String: String] = [:]
        for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            found[name] = getenv(name).map { String(cString: $0) }
        }
        return found
    }

    /// - Parameter host: as it stands in the URI; an IPv6 address in brackets.
    func proxy(isSecure: Bool, host: String) -> String? {
        let named = environment[isSecure ? "https_proxy" : "http_proxy"] ?? environment["all_proxy"] ?? ""
        return named.isEmpty || isExcepted(host) ? nil : named
    }

    private func isExcepted(_ host: String) -> Bool {
        let exceptions = environment["no_proxy"] ?? ""
        if exceptions == "*" { return true }
        let host = Self.name(host.lowercased())
        let address = RemoteAddress(host)
        return exceptions.lowercased().split(whereSeparator: { $0 == "," || $0 == " " }).contains { exception in
            if let address { return Self.covers(String(exception), address) }
            let name = Self.name(String(exception.drop { $0 == "." }))
            return !name.isEmpty && (host == name || host.hasSuffix(".\(name)"))
        }
    }

    /// Without the dot of the root at its end.
    private static func name(_ text: String) -> String { text.hasSuffix(".") ? String(text.dropLast()) : text }

    /// An address, or a network: `192.168.0.0/16`.
    private static func covers(_ exception: String, _ address: RemoteAddress) -> Bool {
        let parts = exception.split(separator: "/", maxSplits: 1).map(String.init)
        guard let network = parts.first.flatMap(RemoteAddress.init) else { return false }
        guard parts.count == 2 else { return network == address }
        return Int(parts[1]).map { address.isIn(network, bits: $0) } ?? false
    }
}
