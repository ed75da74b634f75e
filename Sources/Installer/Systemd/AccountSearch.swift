/// The search for anything on a local file system that belongs to a user or group: a later account could get its number, and
/// with it the files. It runs as a transient unit, which sees the host's mounts: this daemon's own namespace has no `/home`.
struct AccountSearch {
    /// `proc(5)`. It is read by the command itself, in the namespace that is searched.
    var mounts = "/proc/self/mounts"
    /// The file system that is searched in any case.
    var root = "/"

    private let what: String
    private let id: UInt32

    /// - Parameter what: `user` or `group`.
    init(_ what: String, _ id: UInt32) {
        self.what = what
        self.id = id
    }

    /// The file systems whose files have owners of this host. Nothing is asked of a network's or a user's: they might not answer.
    private static let types = [
        "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jffs2", "jfs", "overlay", "reiserfs", "tmpfs", "ubifs",
        "xfs", "zfs",
    ]

    static func test(of what: String) -> String { what == "user" ? "-uid" : "-gid" }

    /// Ends with `found` and the name of a file, with `failed` if a file system was not searched to its end, or with
    /// `mountsUnread`. A file system that is mounted at several places is searched once; names in the list of mounts have their blanks
    /// as `\040`.
    var command: [String] {
        [
            "/bin/sh", "-c",
            """
            list=$(cat -- "$2") || exit \(Self.mountsUnread)
            set -- "$1"
            device=$(stat -c %d -- "$1") || exit \(Self.failed)
            seen=" $device "
            while read -r source point type rest; do
              case $type in \(Self.types.joined(separator: "|"))) ;; *) continue ;; esac
              point=$(printf "$(printf %s "$point" | sed 's/%/%%/g')")
              device=$(stat -c %d -- "$point") || { echo "not searched: $point" >&2; exit \(Self.failed); }
              case $seen in *" $device "*) continue ;; esac
              seen="$seen$device "
              set -- "$@" "$point"
            done <<LIST
            $list
            LIST
            found=$(find "$@" -xdev -ignore_readdir_race \(Self.test(of: what)) \(id) -print -quit) || exit \(Self.failed)
            test -z "$found" || { echo "$found"; exit \(Self.found); }
            """,
            "sh", root, mounts,
        ]
    }

    static let found = 3
    static let failed = 4
    static let mountsUnread = 5

    /// Why an account stays, for a sentence.
    static func text(_ end: UnitFailure, unit: String) -> String {
        switch end {
        case .exited(status: found): "it still has files"
        case .exited(status: failed):
            "not all local file systems could be searched for its files; 'journalctl -u \(unit)' names what was not"
        case .exited(status: mountsUnread):
            "no file system but / could be searched for its files, since the list of mounts cannot be read; see 'journalctl -u \(unit)'"
        default: "the search for its files failed: \(end)"
        }
    }
}
