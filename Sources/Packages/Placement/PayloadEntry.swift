/// An entry of `data.tar`, as far as its audit is concerned.
public struct PayloadEntry: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case file
        case directory
        case symbolicLink(target: String)
        /// To an earlier file, by its path from the archive's root.
        case hardLink(target: String)
        /// A device, a FIFO, a socket.
        case special(String)
    }

    /// From the archive's root, without leading or trailing slash; empty for the root itself.
    public var path: String
    public var kind: Kind
    /// Permission bits with setuid, setgid and sticky.
    public var mode: UInt32
    public var size: Int
    /// Names, or numbers when the archive has no names.
    public var owner: String
    public var group: String

    public init(
        path: String, kind: Kind, mode: UInt32 = 0o644, size: Int = 0, owner: String = "root", group: String = "root"
    ) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.size = size
        self.owner = owner
        self.group = group
    }
}
