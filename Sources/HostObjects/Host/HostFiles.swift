import Glibc
import Linux

/// The host's small files (sysfs, procfs, /etc), below a root that tests choose.
public struct HostFiles: Sendable {
    fileprivate let root: String

    /// - Parameter root: the prefix of every path; empty for the host itself.
    public init(root: String = "") { self.root = root }

    /// The text of a file without leading and trailing white space and NULs; nil when the file is absent, cannot be
    /// read, is longer than `limit`, is empty or is not UTF-8.
    func text(_ path: String, limit: Int = 4096) -> String? {
        guard let bytes = try? Files.read(root + path, limit: limit) else { return nil }
        func isBlank(_ byte: UInt8) -> Bool { byte <= 0x20 }
        var text = bytes.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text = text.dropLast() }
        return text.isEmpty ? nil : String(validating: text, as: UTF8.self)
    }

    /// The decimal number in a file.
    func integer(_ path: String) -> Int? { text(path, limit: 64).flatMap(Int.init) }

    /// The names in a folder, sorted; none when it is absent.
    func names(in path: String) -> [String] { (try? Files.names(in: root + path)) ?? [] }

    /// nil when that cannot be told.
    func exists(_ path: String) -> Bool? { try? Files.exists(root + path) }

    /// The target of a symbolic link; nil when the path is none or cannot be read.
    func link(_ path: String) -> String? { try? Files.linkTarget(root + path) }

    /// The free space and the size of the file system at a path; nil when the path is absent.
    func space(at path: String) -> FileSystemSpace? {
        guard let file = try? FileDescriptor.open(root + path, O_PATH) else { return nil }
        return try? FileSystemSpace(of: file)
    }
}

/// `O_PATH` (open(2)): the file is not opened for reading. Glibc's module lacks it.
private let O_PATH: Int32 = 0o10000000

extension HostFiles {
    /// Whether the path is a regular file; symbolic links are followed.
    func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(root + path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
