/// The paths that a composite operation names (LwM2M Core 6.3.8, 6.4.4).
public struct PathSelection: Hashable, Sendable {
    /// Whether the root path is named: all that the client has.
    public var includesRoot: Bool
    /// The paths, each once, in order. They may overlap.
    public private(set) var paths: [Path] = []
    private var known: Set<Path> = []

    public init(_ paths: [Path] = [], includesRoot: Bool = false) {
        self.includesRoot = includesRoot
        for path in paths { add(path) }
    }

    public mutating func add(_ path: Path) {
        if known.insert(path).inserted { paths.append(path) }
    }

    public var isEmpty: Bool { paths.isEmpty && !includesRoot }
}
