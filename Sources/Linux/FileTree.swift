import CLinux
import Glibc

/// Whole trees of files, handled below a descriptor: no link in a tree can lead out of it.
public enum FileTree {
    /// The deepest tree that is removed; one descriptor is open for each level.
    public static let depthLimit = 256

    /// Removes a file or a whole tree. A missing one is no error.
    ///
    /// Each folder is opened beneath its parent's descriptor without following symbolic links or crossing into another mount
    /// (`openat2(2)`), so that no swap of names while it runs can make it remove anything elsewhere. Not durable: follow with
    /// `fsync(2)` of `directory` where that matters.
    public static func remove(beneath directory: borrowing FileDescriptor, _ name: String) throws(Errno) {
        try remove(beneath: directory, name, depth: 0)
    }

    /// Removes all that is in a folder, not the folder.
    public static func removeContents(of directory: borrowing FileDescriptor) throws(Errno) {
        try removeContents(of: directory, depth: 0)
    }

    /// The names in a folder, without `.` and `..`, in no order.
    public static func names(in directory: borrowing FileDescriptor) throws(Errno) -> [String] {
        // Opened again: a duplicate would share the offset.
        let own = try FileDescriptor.open(at: directory, ".", O_RDONLY | O_DIRECTORY).release()
        guard let stream = fdopendir(own) else {
            let error = Errno.current("fdopendir")
            close(own)
            throw error
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                let code = errno
                if code != 0 { throw Errno(code, "readdir") }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    private static func removeContents(of directory: borrowing FileDescriptor, depth: Int) throws(Errno) {
        for name in try names(in: directory) { try remove(beneath: directory, name, depth: depth) }
    }

    private static func remove(beneath directory: borrowing FileDescriptor, _ name: String, depth: Int) throws(Errno) {
        guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
            throw Errno(EINVAL, "remove \(name) (one name is wanted)")
        }
        guard depth < depthLimit else { throw Errno(ELOOP, "remove \(name) (deeper than \(depthLimit) folders)") }
        let parent = directory.raw
        if unlinkat(parent, name, 0) == 0 { return }
        let code = errno
        if code == ENOENT { return }
        guard code == EISDIR || code == EPERM else { throw Errno(code, "remove \(name)") }
        do {
            let resolve = gk_RESOLVE_BENEATH | gk_RESOLVE_NO_MAGICLINKS | gk_RESOLVE_NO_SYMLINKS | gk_RESOLVE_NO_XDEV
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            let raw = try retrying("open \(name)") {
                gk_openat2(parent, name, UInt64(UInt32(bitPattern: flags)), 0, resolve)
            }
            let child = FileDescriptor(owning: raw)
            // Without root, an own folder may lack the permission to change it.
            if geteuid() != 0 { fchmod(raw, 0o700) }
            try removeContents(of: child, depth: depth + 1)
        }
        try retrying("rmdir \(name)") { unlinkat(parent, name, Int32(AT_REMOVEDIR)) }
    }
}
