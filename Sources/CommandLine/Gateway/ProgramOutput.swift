import Glibc
import Linux

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
