/// A state file was written by a newer release, in a format that this one cannot read.
///
/// A new key is no new format: who does not know it keeps it, and writes it back. The number grows only when an older
/// release must not use the file at all.
public struct NewerFormat: Error, Hashable, Sendable, CustomStringConvertible {
    public let found: Int
    public let known: Int

    public init(found: Int, known: Int) {
        self.found = found
        self.known = known
    }

    public var description: String { "it has format \(found), and this release reads formats up to \(known)" }
}
