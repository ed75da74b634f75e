/// A change of the files on the host between two versions of a package, as `dpkg-maintscript-helper(1)` and
/// `deb-conffiles(5)` define it.
///
/// dpkg performs it through maintainer scripts. Gatekeel reads it from them and performs it in the deployment.
public struct Migration: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// A conffile that the package no longer has is removed. An edited one stays as `.dpkg-bak`.
        case removeConffile = "rm_conffile"
        /// A conffile has another name: an edited one moves there.
        case moveConffile = "mv_conffile"
        /// A symbolic link becomes a folder.
        case linkToFolder = "symlink_to_dir"
        /// A folder becomes a symbolic link.
        case folderToLink = "dir_to_symlink"
        /// The flag in the control file `conffiles`. An edited file stays as `.dpkg-old`.
        case removeOnUpgrade = "remove-on-upgrade"
    }

    public var kind: Kind
    /// Absolute: the conffile, the link or the folder.
    public var path: String
    /// The new path of a conffile that moves, the target of a link; else empty.
    public var other: String
    /// The last version that had it the old way: updates from that version or an earlier one are concerned. Empty: all updates.
    public var lastVersion: String

    public init(_ kind: Kind, _ path: String, _ other: String = "", lastVersion: String = "") {
        self.kind = kind
        self.path = path
        self.other = other
        self.lastVersion = lastVersion
    }

    /// Whether an update from this version performs it (`dpkg --compare-versions VERSION le-nl LAST`).
    public func concerns(updateFrom version: String) -> Bool {
        guard let version = DebianVersion(version) else { return false }
        guard !lastVersion.isEmpty else { return true }
        guard let last = DebianVersion(lastVersion) else { return false }
        return version <= last
    }
}
