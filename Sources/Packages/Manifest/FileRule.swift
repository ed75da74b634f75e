/// What a manifest says of a file: whose it is, and perhaps which template of the package it is copied from.
public struct FileRule: Hashable, Sendable {
    /// On the host.
    public var path: String
    public var owner: String
    public var group: String
    /// Four octal digits, the first of them 0.
    public var mode: String
    /// The template, relative to the release: `usr/share/foo/foo.conf`. Empty for a file that the package has at this path.
    public var source: String

    public init(path: String, owner: String, group: String, mode: String, source: String = "") {
        self.path = path
        self.owner = owner
        self.group = group
        self.mode = mode
        self.source = source
    }

    /// It is copied where nothing is, and then it is the administrator's.
    public var isCopy: Bool { !source.isEmpty }

    /// An empty file beneath /var or /srv, which systemd-tmpfiles makes.
    public var isData: Bool { !path.hasPrefix("/etc/") }

    /// The largest template, in bytes.
    public static let sizeLimit = 1 << 20
}
