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
        try remove(in: directory.raw, name, depth: 0)
    }

    /// Removes all that is in a folder, not the folder.
    public static func removeContents(of directory: borrowing FileDescriptor) throws(Errno) {
        try removeContents(of: directory, depth: 0)
    }

    /// The names in a folder, without `.` and `..`, in no order.
    public static func names(in directory: borrowing FileDescriptor) throws(Errno) -> [String] {
        var names: [String] = []
        try whileNames(in: directory) { (name) throws(Errno) in
            names.append(name)
            return true
        }
        return names
    }

    /// Calls `body` with each name in a folder, without `.` and `..`, in no order, until it returns false. One name at a time is
    /// in memory: a folder of a service may have millions of them.
    ///
    /// What is added or removed meanwhile may come or not.
    public static func whileNames(
        in directory: borrowing FileDescriptor, _ body: (String) throws(Errno) -> Bool
    ) throws(Errno) {
        // Opened again: a duplicate would share the offset.
        let own = try FileDescriptor.open(at: directory, ".", O_RDONLY | O_DIRECTORY).release()
        guard let stream = fdopendir(own) else {
            let error = Errno.current("fdopendir")
            close(own)
            throw error
        }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                let code = errno
                if code != 0 { throw Errno(code, "readdir") }
                return
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != "..", try !body(name) { return }
        }
    }

    /// So many names are read before they are removed: all of an ordinary folder, in one pass. Each further pass reads the whole
    /// folder, so they are many; a name has 255 bytes at most.
    private static let batch = 20_000
    /// Somebody may make new ones all the time.
    private static let batches = 1000

    private static func removeContents(of directory: borrowing FileDescriptor, depth: Int) throws(Errno) {
        for _ in 0..<batches {
            var names: [String] = []
            try whileNames(in: directory) { (name) throws(Errno) in
                names.append(name)
                return names.count < batch
            }
            for name in names { try remove(in: directory.raw, name, depth: depth) }
            if names.count < batch { return }
        }
        throw Errno(EBUSY, "remove what is in a folder (it does not get empty)")
    }

    /// - Parameter parent: the folder's descriptor.
    private static func remove(in parent: Int32, _ name: String, depth: Int) throws(Errno) {
        guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
            throw Errno(EINVAL, "remove \(name) (one name is wanted)")
        }
        guard depth < depthLimit else { throw Errno(ELOOP, "remove \(name) (deeper than \(depthLimit) folders)") }
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
