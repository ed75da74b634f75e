import Glibc

extension Files {
    /// `link(2)`: keeps a file's present bytes under a second name as well, which is taken from whatever had it.
    ///
    /// Not durable by itself: the next `synchronizeDirectory(_:)` (or `replace`) of the folder makes it so.
    public static func link(_ path: String, replacing other: String) throws(Errno) {
        if unlink(other) != 0, errno != ENOENT { throw Errno.current("remove \(other)") }
        try retrying("link \(path) to \(other)") { Glibc.link(path, other) }
    }
}
