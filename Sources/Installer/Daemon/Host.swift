import Glibc
import Linux

/// Facts of the running machine.
enum Host {
    /// The kernel's identifier of this boot.
    ///
    /// - Throws: when it cannot be read; whether the machine was down is then not known.
    static func bootID() throws(Errno) -> String {
        let bytes = try Files.read("/proc/sys/kernel/random/boot_id", limit: 64)
        return String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
    }

    /// Seconds since the epoch (`time(2)`).
    static func now() -> Int64 { Int64(time(nil)) }
}
