/// A state file was written by a newer release, in a format or with a value that this one cannot read.
///
/// New keys do not need a new format: a release keeps keys that it does not know and writes them back. The number is
/// raised only when older releases must not use the file at all.
///
/// A value of a known key that this release does not know is no damage either, since the file's checksum holds: it may be a
/// state, a result or a right that came later.
public struct NewerFormat: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(found: Int, known: Int) {
        description = "it has format \(found), and this release reads formats up to \(known)"
    }

    /// - Parameter value: that this release does not know.
    public init(_ key: some StringProtocol, value: some StringProtocol) {
        description = "its '\(key)' is '\(value)', which this release does not know"
    }
}
