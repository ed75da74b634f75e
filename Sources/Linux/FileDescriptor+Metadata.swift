import CLinux
import Glibc

extension FileDescriptor {
    /// `fchmod(2)`.
    public func setMode(_ mode: UInt32) throws(Errno) {
        let base = raw
        try retrying("fchmod") { fchmod(base, mode) }
    }

    /// `fchown(2)`.
    public func setOwner(_ owner: UInt32, group: UInt32) throws(Errno) {
        let base = raw
        try retrying("fchown") { fchown(base, owner, group) }
    }

    /// `futimens(2)`: the time of modification; the time of access becomes the same.
    public func setModified(_ seconds: Int64, nanoseconds: Int) throws(Errno) {
        let base = raw
        let time = timespec(tv_sec: Int(seconds), tv_nsec: nanoseconds)
        try retrying("futimens") {
            withUnsafePointer(to: (time, time)) { pair in
                pair.withMemoryRebound(to: timespec.self, capacity: 2) { futimens(base, $0) }
            }
        }
    }

    /// `fsetxattr(2)`.
    public func setExtendedAttribute(_ name: String, _ value: [UInt8]) throws(Errno) {
        let base = raw
        try retrying("fsetxattr \(name)") { fsetxattr(base, name, value, value.count, 0) }
    }
}

extension FileDescriptor {
    /// Whether another process holds a lock of the whole file or a part of it: `fcntl(2)`, `F_GETLK`.
    public borrowing func isLockedByOthers() throws(Errno) -> Bool {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        if fcntl(raw, F_GETLK, &lock) != 0 { throw Errno.current("ask for a lock") }
        return lock.l_type != Int16(F_UNLCK)
    }
}
