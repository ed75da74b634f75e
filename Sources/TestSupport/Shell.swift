import Glibc
import Linux

/// A test's command failed.
public struct CommandFailed: Error, CustomStringConvertible {
    public let description: String
    public init(description: String) { self.description = description }
}

/// Runs a command with `/bin/sh -ec` and returns its standard output and error.
///
/// - Throws: `CommandFailed` with that output if the command did not exit with 0.
@discardableResult
public func shell(_ command: String) throws -> String {
    let (status, output) = try shellStatus(command)
    guard status == 0 else { throw CommandFailed(description: "status \(status) of: \(command)\n\(output)") }
    return output
}

/// Runs a command with `/bin/sh -ec` and returns its output and its exit status, or 128 plus the signal's number.
public func shellStatus(_ command: String) throws -> (status: Int, output: String) {
    guard let stream = popen("set -e; exec 2>&1; \(command)", "re") else { throw Errno.current("popen") }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = fread(&buffer, 1, buffer.count, stream)
        if count == 0 { break }
        bytes += buffer[..<count]
    }
    let status = pclose(stream)
    let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + status & 0x7f
    return (Int(code), String(decoding: bytes, as: UTF8.self))
}

/// Writes a program. Another process does it: what this one has open for writing, the children have too that other tests start at
/// that moment, and nobody may execute such a file (`ETXTBSY`).
public func writeProgram(_ script: String, to path: String) throws {
    try Files.replace("\(path).text", with: script.utf8)
    try shell("cat '\(path).text' > '\(path)'; chmod 0755 '\(path)'; rm '\(path).text'")
}

/// A folder for one test. It is removed with its last reference.
public final class TemporaryDirectory: Sendable {
    /// The folder's path.
    public let path: String

    public init(_ name: String = "test") throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        path = "\(base)/gatekeel-\(name)-\(getpid())-\(randomBytes(6).hexadecimal)"
        try Files.makeDirectories(path, mode: 0o700)
    }

    deinit { _ = try? shell("chmod -R u+rwX '\(path)'; rm -rf '\(path)'") }

    /// Writes a file in the folder and returns its path.
    @discardableResult
    public func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let file = "\(path)/\(name)"
        let descriptor = try FileDescriptor.open(file, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        try descriptor.write(bytes)
        return file
    }
}
