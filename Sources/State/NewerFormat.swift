/// A state file was written by a newer release, in a format that this one cannot read.
///
/// New keys do not need a new format: a release keeps keys that it does not know and writes them back. The number is
/// raised only when older releases must not use the file at all.
public struct NewerFormat: Error, Hashable, Sendable, CustomStringConvertible {
    public let found: Int
    public let known: Int

    public init(found: Int, known: Int) {
        self.found = found
        self.known = known
    }

    public var description: String { "it has format \(found), and this release reads formats up to \(known)" }
}
