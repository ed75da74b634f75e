import Linux

/// What a package has for the message bus of the host (`dbus-daemon(1)`).
public struct BusFiles: Sendable {
    /// Policies, relative to the release, which are not beneath /etc.
    private(set) var policies: [String] = []
    /// Names that they, and those beneath /etc, let somebody own, and those of units; `org.foo.*` stands for all below `org.foo`, too.
    private(set) var names: [String] = []
    private(set) var activations: [BusActivation] = []
    private(set) var findings = FindingList()

    private static let packagedPolicies = "usr/share/dbus-1/system.d/"
    private static let packagedActivations = "usr/share/dbus-1/system-services/"

    /// Whether the message bus reads a path of the package as a policy; also one beneath /etc.
    static func isPolicy(_ path: String) -> Bool {
        isDirectly(path, in: packagedPolicies, ".conf") || isDirectly(path, in: "etc/dbus-1/system.d/", ".conf")
    }

    static func isActivation(_ path: String) -> Bool { isDirectly(path, in: packagedActivations, ".service") }

    private static func isDirectly(_ path: String, in folder: String, _ suffix: String) -> Bool {
        guard let name = path.dropPrefix(folder), name.hasSuffix(suffix) else { return false }
        return !name.contains("/")
    }

    /// - Parameters:
    ///   - contents: the bytes of files, by their paths in the release; of conffiles `conffiles/etc/…`.
    ///   - units: the package's.
    ///   - unitNames: what `BusName=` of the units says.
    ///   - users: the names of users that the package brings.
    init(
        _ contents: [String: [UInt8]], units: [PlannedUnit], names unitNames: Set<String>, users: Set<String>
    ) {
        var audit = BusPolicyAudit(users: users)
        let own = Set(units.flatMap { [$0.name] + $0.aliases })
        for (path, bytes) in contents.sorted(by: { $0.key < $1.key }) {
            let packaged = path.dropPrefix("conffiles/") ?? path
            if Self.isPolicy(packaged) {
                audit.take(bytes, at: packaged)
                if packaged == path { policies.append(path) }
            } else if Self.isActivation(path) {
                take(activation: bytes, at: path) { own.contains($0.description) }
            }
        }
        audit.judge()
        findings.add(audit.findings)
        names = audit.names.union(unitNames).sorted()
    }

    private mutating func take(activation bytes: [UInt8], at path: String, own: (UnitName) -> Bool) {
        do throws(BusPolicy.Refusal) {
            let activation = try BusActivation(parsing: bytes, at: path, own: own)
            guard !activations.contains(where: { $0.name == activation.name }) else { return }
            activations.append(activation)
        } catch {
            findings.add(Finding(.warning, .unsupported, path, error.text))
        }
    }

    // MARK: The host's

    /// The names that a policy of the host lets somebody own. One that this reader does not understand is read as text.
    public static func ownedNames(in bytes: [UInt8]) -> [String] {
        if let policy = try? BusPolicy(parsing: bytes) {
            return policy.rules.filter(\.isAllowed).flatMap { rule in
                [rule.attributes["own"], rule.attributes["own_prefix"].map { $0 + ".*" }].compactMap(\.self)
            }.filter { $0 != "*" }
        }
        var names: [String] = []
        var rest = Substring(decoding: bytes, as: UTF8.self)
        while let found = rest.firstOccurrence(of: "own") {
            rest = rest[found.upperBound...]
            let isPrefix = rest.hasPrefix("_prefix")
            var value = isPrefix ? rest.dropFirst("_prefix".count) : rest
            value = value.drop(while: \.isWhitespace)
            guard value.first == "=" else { continue }
            value = value.dropFirst().drop(while: \.isWhitespace)
            guard let quote = value.first, quote == "\"" || quote == "'" else { continue }
            let name = String(value.dropFirst().prefix { $0 != quote })
            if name != "*" { names.append(isPrefix ? name + ".*" : name) }
        }
        return names
    }
}
