import Glibc
import Linux

/// A folder of files that becomes an archive; only its owner can read it, and it goes away with this value.
final class SupportFiles {
    /// What is in it, in the order in which it was added.
    private(set) var names: [String] = []
    private let root: String
    /// The folder that the archive holds: `gatekeel-diagnose`.
    private let top: String

    init(_ top: String) throws(Errno) {
        root = try Files.makeTemporaryFolder("/tmp/gatekeel-")
        self.top = top
        try Files.makeDirectories("\(root)/\(top)", mode: 0o700)
    }

    deinit { try? Files.removeTree(root) }

    func add(_ name: String, _ text: String) throws(Errno) {
        let path = "\(root)/\(top)/\(name)"
        try Files.makeDirectories(Files.split(path).folder, mode: 0o700)
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        try file.write(text.utf8)
        names.append(name)
    }

    /// Writes the archive, gzip-compressed, into a file of its own that only its owner can read.
    ///
    /// - Throws: `EEXIST` when there is such a file.
    func archive(_ path: String) throws(Errno) {
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        let pid = try Spawn.start(
            "/usr/bin/tar", ["--create", "--gzip", "--directory=\(root)", top], environment: ProgramOutput.environment,
            descriptors: [(1, file.raw), (2, 2)])
        guard try Spawn.reap(pid) == .exited(0) else {
            unlink(path)
            throw Errno(EIO, "write \(path) with tar")
        }
    }
}
