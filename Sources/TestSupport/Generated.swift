import Glibc
import Linux

/// A committed file differs from what the code says it must be.
public struct GeneratedFileDiffers: Error, CustomStringConvertible {
    public let description: String
}

/// Holds a committed file against the table that it is made from.
///
/// With `GATEKEEL_WRITE_GENERATED=1` in the environment the file is written instead.
/// - Parameter path: from the package's root: `systemd/gatekeel.catalog`.
public func expectGenerated(_ path: String, is text: String, file: String = #filePath) throws {
    let root = "/" + file.split(separator: "/").dropLast(3).joined(separator: "/")
    if getenv("GATEKEEL_WRITE_GENERATED") != nil {
        try Files.replace("\(root)/\(path)", with: text.utf8, mode: 0o644)
        return
    }
    let found = String(decoding: try Files.read("\(root)/\(path)", limit: 1 << 22), as: UTF8.self)
    guard found != text else { return }
    let pairs = zip(found.split(separator: "\n"), text.split(separator: "\n"))
    let line = pairs.first { $0 != $1 }.map { "has «\($0)», the table says «\($1)»" } ?? "ends early or late"
    throw GeneratedFileDiffers(
        description: "\(path) \(line); write it anew with GATEKEEL_WRITE_GENERATED=1 swift test")
}
