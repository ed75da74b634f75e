import Glibc

extension Files {
    /// `link(2)`: gives a file a second name. A file that had that name is replaced.
    ///
    /// Not durable by itself: the next `synchronizeDirectory(_:)` (or `replace`) of the folder makes it so.
    public static func link(_ path: String, replacing other: String) throws(Errno) {
        if unlink(other) != 0, errno != ENOENT { throw Errno.current("remove \(other)") }
        try retrying("link \(path) to \(other)") { Glibc.link(path, other) }
    }
}
