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
    /// The text of a file that the manifest holds; empty for any other.
    public var lines: [String]

    public init(
        path: String, owner: String, group: String, mode: String, source: String = "", lines: [String] = []
    ) {
        self.path = path
        self.owner = owner
        self.group = group
        self.mode = mode
        self.source = source
        self.lines = lines
    }

    /// It is put where nothing is, once, and then it is the administrator's.
    public var isCopy: Bool { !source.isEmpty || !lines.isEmpty }

    /// The bytes of the file that the manifest holds; nil for any other.
    public var text: [UInt8]? { lines.isEmpty ? nil : lines.flatMap { Array($0.utf8) + [0x0A] } }

    /// A file beneath /var or /srv that systemd-tmpfiles makes, empty, unless the package brings it.
    public var isData: Bool { !isCopy && !path.hasPrefix("/etc/") }

    /// The largest template, in bytes.
    public static let sizeLimit = 1 << 20
}
