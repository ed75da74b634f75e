import Glibc
import Linux

/// The file systems of this host whose files have owners of this host.
enum LocalFileSystems {
    private static let types: Set = [
        "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jffs2", "jfs", "overlay", "reiserfs", "tmpfs", "ubifs",
        "xfs",
        "zfs",
    ]

    /// A mount point of each, `/` first: `proc(5)`, `/proc/self/mounts`.
    ///
    /// The same file system at two places counts once. Nothing is asked of a network's or a user's file systems: they might not
    /// answer.
    static func roots(mounts path: String = "/proc/self/mounts") throws(Errno) -> [String] {
        let text = String(decoding: try Files.read(path, limit: 4 << 20), as: UTF8.self)
        var seen: Set<dev_t> = []
        var roots: [String] = []
        let points = text.split(separator: "\n").compactMap { line -> String? in
            let fields = line.split(separator: " ")
            // A name with a blank is written with a backslash.
            guard fields.count > 2, types.contains(String(fields[2])), !fields[1].contains("\\") else { return nil }
            return String(fields[1])
        }
        for point in ["/"] + points {
            guard let device = try Files.status(point)?.st_dev, seen.insert(device).inserted else { continue }
            roots.append(point)
        }
        return roots
    }
}
