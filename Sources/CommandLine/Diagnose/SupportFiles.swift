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
        var template = Array("/tmp/gatekeel-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno.current("make a folder in /tmp") }
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
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

/// What a program writes.
enum ProgramOutput {
    static let environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "SYSTEMD_COLORS=0"]

    /// Runs a program to its end, at most 20 s; returns what it wrote to its standard output and error, at most so many bytes.
    static func of(_ words: [String], limit: Int = 16 << 20) -> String {
        do throws(Errno) {
            let file = try FileDescriptor.unnamed(in: "/tmp")
            let raw = file.raw
            // A program that hangs (df on a dead network file system) must not hold up the rest.
            let pid = try Spawn.start(
                "/usr/bin/timeout", ["--kill-after=5", "20"] + words, environment: environment,
                descriptors: [(1, raw), (2, raw)])
            let end = try Spawn.reap(pid)
            try retrying("lseek") { lseek(raw, 0, SEEK_SET) }
            var bytes: [UInt8] = []
            while bytes.count < limit {
                let chunk = try file.read(upTo: min(65536, limit - bytes.count))
                if chunk.isEmpty { break }
                bytes += chunk
            }
            let text = String(decoding: bytes, as: UTF8.self)
            return end == .exited(0) ? text : text + "\n\(words[0]): \(end)\n"
        } catch {
            return "\(error)\n"
        }
    }
}
