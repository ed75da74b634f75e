/// One entry of an archive: its header, with checked names.
public struct ArchiveEntry: Hashable, Sendable {
    /// The type of an entry.
    public enum Kind: Hashable, Sendable {
        /// A regular file.
        case file
        /// A folder.
        case directory
        /// A symbolic link with its target as text.
        case symbolicLink(target: String)
        /// A hard link to an earlier file of the same archive, by its path from the archive's root.
        case hardLink(target: String)
        /// A type that is never unpacked: a device, a FIFO, a socket.
        case special(String)
    }

    /// The path from the archive's root, without leading or trailing slash: `usr/bin/foo`. Empty for the root itself.
    public var path: String
    public var kind: Kind
    /// Permission bits including setuid, setgid and sticky: at most 0o7777.
    public var mode: UInt32
    /// The size in bytes; 0 unless it is a file.
    public var size: Int
    /// The owner's number, and the name if the archive has it.
    public var owner: UInt32
    public var ownerName: String
    /// The group's number, and the name if the archive has it.
    public var group: UInt32
    public var groupName: String
    /// The time of modification: seconds since the epoch, and nanoseconds.
    public var modified: Int64
    public var modifiedNanoseconds: Int
    /// The value of `security.capability`, if the file has one.
    public var capabilities: [UInt8]?

    public init(
        path: String, kind: Kind, mode: UInt32 = 0o644, size: Int = 0, owner: UInt32 = 0, ownerName: String = "root",
        group: UInt32 = 0, groupName: String = "root", modified: Int64 = 0, modifiedNanoseconds: Int = 0,
        capabilities: [UInt8]? = nil
    ) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.size = size
        self.owner = owner
        self.ownerName = ownerName
        self.group = group
        self.groupName = groupName
        self.modified = modified
        self.modifiedNanoseconds = modifiedNanoseconds
        self.capabilities = capabilities
    }

    /// The bytes of its name, and of its target if it is a link.
    var nameBytes: Int {
        switch kind {
        case .symbolicLink(let target), .hardLink(let target): path.utf8.count + target.utf8.count
        case .file, .directory, .special: path.utf8.count
        }
    }
}
