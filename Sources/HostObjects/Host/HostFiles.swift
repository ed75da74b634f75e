import Glibc
import Linux

/// The host's small files (sysfs, procfs, /etc), below a root that tests put elsewhere.
public struct HostFiles: Sendable {
    fileprivate let root: String

    /// - Parameter root: what stands before every path; empty for the host itself.
    public init(root: String = "") { self.root = root }

    /// The text of a file without white space and NULs around it; nil when it is not there, cannot be read, is longer
    /// than `limit`, is empty or is not UTF-8.
    func text(_ path: String, limit: Int = 4096) -> String? {
        guard let bytes = try? Files.read(root + path, limit: limit) else { return nil }
        func isBlank(_ byte: UInt8) -> Bool { byte <= 0x20 }
        var text = bytes.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text = text.dropLast() }
        return text.isEmpty ? nil : String(validating: text, as: UTF8.self)
    }

    /// The decimal number in a file.
    func integer(_ path: String) -> Int? { text(path, limit: 64).flatMap(Int.init) }

    /// The names in a folder, sorted; none when it is not there.
    func names(in path: String) -> [String] { (try? Files.names(in: root + path)) ?? [] }

    /// nil when that cannot be told.
    func exists(_ path: String) -> Bool? { try? Files.exists(root + path) }

    /// Where a symbolic link points; nil when it is none or cannot be read.
    func link(_ path: String) -> String? { try? Files.linkTarget(root + path) }

    /// Free and all bytes of the file system at a path; nil when it is not there.
    func space(at path: String) -> FileSystemSpace? {
        guard let file = try? FileDescriptor.open(root + path, O_PATH) else { return nil }
        return try? FileSystemSpace(of: file)
    }
}

/// `O_PATH` (open(2)): the file is only looked at. Glibc's module lacks it.
private let O_PATH: Int32 = 0o10000000

extension HostFiles {
    /// Whether a regular file is there; symbolic links are followed.
    func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(root + path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
