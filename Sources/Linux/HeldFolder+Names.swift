import CLinux
import Glibc

/// What is done with the names in a held folder. Every one of them is one name, never a path, and no link is followed.
extension HeldFolder {
    // MARK: Looking

    /// What has this name: `fstatat(2)`, links not followed; nil when nothing has it.
    public func status(_ name: String) throws(Errno) -> stat? {
        try require(name)
        try readFault("\(path)/\(name)")
        let base = file.raw
        return try Files.ifPresent { () throws(Errno) in
            var status = stat()
            try retrying("look at \(path)/\(name)") { fstatat(base, name, &status, AT_SYMLINK_NOFOLLOW) }
            return status
        }
    }

    /// Whether something has this name.
    public func has(_ name: String) throws(Errno) -> Bool { try status(name) != nil }

    /// The names in the folder, sorted.
    public func names() throws(Errno) -> [String] {
        try readFault(path)
        return try FileTree.names(in: file).sorted()
    }

    /// The target of a symbolic link; nil when there is none of this name.
    public func linkTarget(_ name: String) throws(Errno) -> String? {
        guard let status = try status(name), status.st_mode & S_IFMT == S_IFLNK else { return nil }
        return try readLink(at: file, name, "\(path)/\(name)")
    }

    /// Opens a regular file for reading, and never waits: neither for the other end of a FIFO nor for a lease (`EAGAIN`).
    ///
    /// - Throws: `ENOENT`; `ELOOP`, `EISDIR` or `EINVAL` for what is no regular file.
    public func openRegular(_ name: String) throws(Errno) -> FileDescriptor {
        try require(name)
        try readFault("\(path)/\(name)")
        let opened = try FileDescriptor.open(beneath: file, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)
        try FileDescriptor.requireRegular(opened, "\(path)/\(name)")
        return opened
    }

    // MARK: Changing

    /// How the name of a file begins that is being written for a name; random digits follow, and `temporarySuffix`.
    private static func temporaryPrefix(_ name: String) -> String { ".\(name).gatekeel-" }
    /// As dpkg's for what it writes: programs that read every file of a folder pass over it.
    private static let temporarySuffix = ".dpkg-new"
    private static let randomDigits = 16

    private static func temporaryName(_ name: String) -> String {
        temporaryPrefix(name) + randomBytes(randomDigits / 2).hexadecimal + temporarySuffix
    }

    /// Replaces what has the name by a new file, atomically and durably: written under a random name, `fsync(2)`,
    /// `renameat(2)`, `fsync(2)` of the folder. What interrupted calls for this name left is removed.
    ///
    /// - Parameter write: gets the new file, which is empty and has mode 0600: writes bytes, sets owner and mode.
    public func replace(
        _ name: String, _ write: (borrowing FileDescriptor) throws(Errno) -> Void
    ) throws(Errno) {
        try require(name)
        try removeTemporaries(of: name)
        let temporary = Self.temporaryName(name)
        let base = file.raw
        momentOfWriting("\(path)/\(name)")
        do throws(Errno) {
            let new = try FileDescriptor.open(at: file, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
            try write(new)
            try new.synchronize()
            try retrying("rename \(path)/\(temporary)") { renameat(base, temporary, base, name) }
        } catch {
            unlinkat(base, temporary, 0)
            throw error
        }
        try synchronize()
    }

    /// Replaces what has the name by a file with these bytes.
    public func replace(_ name: String, with bytes: some Sequence<UInt8>, mode: mode_t) throws(Errno) {
        let bytes = Array(bytes)
        try replace(name) { (new) throws(Errno) in
            try new.write(bytes)
            try new.setMode(UInt32(mode))
        }
    }

    /// Replaces what has the name by a symbolic link, atomically and durably.
    public func replaceLink(_ name: String, target: String) throws(Errno) {
        try require(name)
        try removeTemporaries(of: name)
        let temporary = Self.temporaryName(name)
        let base = file.raw
        try retrying("symlink \(path)/\(temporary)") { symlinkat(target, base, temporary) }
        do throws(Errno) {
            try retrying("rename \(path)/\(temporary)") { renameat(base, temporary, base, name) }
        } catch {
            unlinkat(base, temporary, 0)
            throw error
        }
        try synchronize()
    }

    /// Removes what interrupted calls of `replace` for this name left.
    public func removeTemporaries(of name: String) throws(Errno) {
        let prefix = Self.temporaryPrefix(name)
        let base = file.raw
        // Earlier releases gave no suffix. Folders of such a name are not ours.
        let ends = [Self.randomDigits, Self.randomDigits + Self.temporarySuffix.utf8.count]
        try FileTree.whileNames(in: file) { (other) throws(Errno) in
            guard other.hasPrefix(prefix) else { return true }
            let rest = other.utf8.count - prefix.utf8.count
            if rest == ends[0] || rest == ends[1] && other.hasSuffix(Self.temporarySuffix) { unlinkat(base, other, 0) }
            return true
        }
    }

    /// Gives what has a name another one, durably; a file of that name is replaced.
    public func rename(_ name: String, to other: String) throws(Errno) {
        try require(name)
        try require(other)
        let base = file.raw
        try retrying("rename \(path)/\(name)") { renameat(base, name, base, other) }
        try synchronize()
    }

    /// Removes a file or link durably. A missing one is no error.
    public func remove(_ name: String) throws(Errno) {
        try require(name)
        if unlinkat(file.raw, name, 0) != 0 {
            let code = errno
            if code == ENOENT { return }
            throw Errno(code, "remove \(path)/\(name)")
        }
        try synchronize()
    }

    /// Removes a file or a whole tree, as `FileTree.remove(beneath:_:)` does.
    public func removeTree(_ name: String) throws(Errno) { try FileTree.remove(beneath: file, name) }

    /// Makes a folder durably, with exactly this mode, owner and group.
    ///
    /// - Returns: false when something has the name already; it is left as it is.
    @discardableResult
    public func makeFolder(_ name: String, mode: mode_t, owner: uid_t, group: gid_t) throws(Errno) -> Bool {
        try require(name)
        if mkdirat(file.raw, name, 0o700) != 0 {
            let code = errno
            if code == EEXIST { return false }
            throw Errno(code, "mkdir \(path)/\(name)")
        }
        let made = try FileDescriptor.open(beneath: file, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        // Without root, as in tests, nothing can be given away.
        if geteuid() == 0 { try made.setOwner(owner, group: group) }
        try made.setMode(UInt32(mode))
        try synchronize()
        return true
    }

    /// Removes an empty folder durably.
    ///
    /// - Returns: false when it stays: it is not empty, is no folder, or is not there.
    @discardableResult
    public func removeEmptyFolder(_ name: String) -> Bool {
        guard unlinkat(file.raw, name, Int32(AT_REMOVEDIR)) == 0 else { return false }
        try? synchronize()
        return true
    }

    /// `fsync(2)` of the folder.
    public func synchronize() throws(Errno) { try file.synchronize() }
}
