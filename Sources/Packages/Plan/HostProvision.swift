import Glibc

/// What a package's lines of `tmpfiles.d(5)` and `sysusers.d(5)`, and its manifest, ask of the host: users, groups, folders.
public struct HostProvision: Hashable, Sendable {
    /// A user or a group.
    public struct Account: Hashable, Sendable {
        public var name: String
        /// nil: systemd chooses one.
        public var id: UInt32?

        public init(_ name: String, id: UInt32? = nil) {
            self.name = name
            self.id = id
        }
    }

    /// A user that becomes a member of a group.
    public struct Member: Hashable, Sendable {
        public var user: String
        public var group: String

        public init(_ user: String, of group: String) {
            self.user = user
            self.group = group
        }
    }

    /// A name in a folder that packages share, which lines make or change: `/run/foo`.
    public struct Place: Hashable, Sendable {
        /// With a wildcard in the name it stands for all that matches: `/run/foo-*`, of lines that change or remove.
        public var path: String
        /// It has a name of the package's: the package may have it although it is there. Any other name must be new.
        public var isNamed: Bool

        public init(_ path: String, isNamed: Bool) {
            self.path = path
            self.isNamed = isNamed
        }

        /// Whether it stands for other names than its own.
        public var isPattern: Bool { path.utf8.contains { "*?[".utf8.contains($0) } }

        /// Whether it is a path, or stands for it, or a pattern stands for it.
        public func meets(_ other: String) -> Bool {
            path == other || fnmatch(path, other, FNM_PATHNAME) == 0 || fnmatch(other, path, FNM_PATHNAME) == 0
        }
    }

    public var users: [Account] = []
    public var groups: [Account] = []
    public var members: [Member] = []
    public var places: [Place] = []
    /// What lines make where it is missing, each as `TYPE PATH` or `L PATH TARGET`: `d` a folder, `f` something else.
    public var lines: [String] = []

    public init() {}
}
