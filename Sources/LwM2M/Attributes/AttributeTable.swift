/// The attributes that one server attached to the paths of this client.
///
/// An attribute of a resource instance takes precedence over that of its resource, then its instance, then its object (LwM2M
/// Core 5.1.1, rules 3 to 5).
public struct AttributeTable: Hashable, Sendable {
    /// Non-empty attributes by path.
    public private(set) var byPath: [Path: Attributes]

    public init(_ byPath: [Path: Attributes] = [:]) { self.byPath = byPath.filter { !$0.value.isEmpty } }

    /// The attributes attached to exactly this path. Setting empty attributes removes the path.
    public subscript(path: Path) -> Attributes {
        get { byPath[path] ?? Attributes() }
        set { byPath[path] = newValue.isEmpty ? nil : newValue }
    }

    /// The attributes that apply to a path: its own, and for each missing one that of the nearest level above. The conditions of a
    /// change that would contradict nearer ones are left out (`contradiction(under:)`).
    public func effective(at path: Path) -> Attributes {
        var result = self[path]
        var above = path.parent
        while let level = above {
            let inherited = result.inheriting(self[level])
            result =
                inherited.changeConditionsAreValid
                ? inherited : result.inheriting(self[level].withoutChangeConditions)
            above = level.parent
        }
        return result
    }

    /// The first path, of one and those below it that have attributes, at which the conditions of a change contradict each other, whichever
    /// levels they are attached to (LwM2M Core 1.2, 5.1.2: they are not valid then); nil when there is none.
    public func contradiction(under path: Path) -> Path? {
        let paths = [path] + byPath.keys.filter { path.contains($0) && $0 != path }.sorted()
        return paths.first { path in
            var result = self[path]
            var above = path.parent
            while let level = above {
                result = result.inheriting(self[level])
                above = level.parent
            }
            return !result.changeConditionsAreValid
        }
    }

    /// Whether something below a path has `con=1`: a notification that includes it is confirmable (Table "NOTIFICATION class
    /// Attributes").
    public func wantsConfirmation(below path: Path) -> Bool {
        byPath.contains { $0.value.confirmable == true && path.contains($0.key) }
    }

    /// Removes a path and everything below, after an instance was deleted.
    public mutating func remove(under path: Path) {
        byPath = byPath.filter { !path.contains($0.key) }
    }
}

extension Path {
    /// One level up; nil for an object.
    public var parent: Path? { Path(identifiers: Array(identifiers.dropLast())) }
}
