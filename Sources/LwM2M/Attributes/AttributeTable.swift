/// What one server attached to the paths of this client.
///
/// An attribute of a resource instance goes before that of its resource, that before its instance's, that before its
/// object's (LwM2M Core 5.1.1, rules 3 to 5).
public struct AttributeTable: Hashable, Sendable {
    /// Non-empty attributes by path.
    public private(set) var byPath: [Path: Attributes]

    public init(_ byPath: [Path: Attributes] = [:]) { self.byPath = byPath.filter { !$0.value.isEmpty } }

    /// What is attached to this very path; setting an empty value forgets the path.
    public subscript(path: Path) -> Attributes {
        get { byPath[path] ?? Attributes() }
        set { byPath[path] = newValue.isEmpty ? nil : newValue }
    }

    /// What applies to a path: its own attributes, and for each that it lacks the nearest level's above.
    public func effective(at path: Path) -> Attributes {
        var result = self[path]
        var above = path.parent
        while let level = above {
            result = result.inheriting(self[level])
            above = level.parent
        }
        return result
    }

    /// Forgets a path and all below: the instance was deleted.
    public mutating func remove(under path: Path) {
        byPath = byPath.filter { !path.contains($0.key) }
    }
}

extension Path {
    /// One level up; nil for an object.
    public var parent: Path? { Path(identifiers: Array(identifiers.dropLast())) }
}
