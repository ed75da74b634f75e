/// The units that a package brings.
public struct PackagedUnits: Sendable {
    let names: Set<UnitName>

    public init(names: Set<UnitName>) { self.names = names }

    /// Whether a name is one of them, or an instance of one of their templates.
    public func hold(_ name: UnitName) -> Bool { names.contains(name) || name.template.map(names.contains) ?? false }

    /// Why a unit of this name cannot be in a package, or be another name of one of its units; nil if it can.
    public func refusal(of name: UnitName) -> String? {
        // Gatekeel's own package is not installed this way.
        if name.description.hasPrefix("gatekeel") {
            return "names that begin with 'gatekeel' are reserved for Gatekeel's own units; rename the unit"
        }
        if UnitName.builtIn.contains(name.description) {
            return "'\(name)' is a name of systemd itself; rename the unit"
        }
        if name.isDashPrefix {
            return
                "systemd applies what is set for '\(name)' to every \(name.type.rawValue) whose name begins with '\(name.prefix)', also to those of the host; rename the unit"
        }
        return name.type == .slice ? refusal(ofSlice: name) : nil
    }

    /// Slices exist by their names alone: a file for `user-1000.slice` would change that of the user.
    private func refusal(ofSlice name: UnitName) -> String? {
        guard let dash = name.prefix.firstIndex(of: "-"),
            UnitName.slicesWithOwnChildren.contains(String(name.prefix[..<dash])),
            !names.contains(where: { $0.sliceOfInstances == name.description })
        else { return nil }
        return "'\(name)' is a slice that the host makes itself; put the units into a slice with another name"
    }
}
