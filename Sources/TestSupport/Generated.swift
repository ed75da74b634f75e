import Glibc
import Linux

/// A committed file differs from the generated text.
public struct GeneratedFileDiffers: Error, CustomStringConvertible {
    public let description: String
}

/// Compares a committed file with the text generated from a table.
///
/// If `GATEKEEL_WRITE_GENERATED` is set in the environment, writes the file instead.
/// - Parameter path: relative to the package's root: `systemd/gatekeel.catalog`.
public func expectGenerated(_ path: String, is text: String, file: String = #filePath) throws {
    let root = "/" + file.split(separator: "/").dropLast(3).joined(separator: "/")
    if getenv("GATEKEEL_WRITE_GENERATED") != nil {
        try Files.replace("\(root)/\(path)", with: text.utf8, mode: 0o644)
        return
    }
    let found = String(decoding: try Files.read("\(root)/\(path)", limit: 1 << 22), as: UTF8.self)
    guard found != text else { return }
    let pairs = zip(found.split(separator: "\n"), text.split(separator: "\n"))
    let line = pairs.first { $0 != $1 }.map { "has '\($0)', but the table says '\($1)'" } ?? "is too short or too long"
    throw GeneratedFileDiffers(
        description: "\(path) \(line); generate it again with GATEKEEL_WRITE_GENERATED=1 swift test")
}
