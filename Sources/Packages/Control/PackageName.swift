/// Names of Debian packages.
public enum PackageName {
    /// Debian policy, section 5.6.1: 2 to 128 of `a-z 0-9 + - .`, the first a letter or digit.
    ///
    /// A valid name is also safe as a file name: it is neither `.` nor `..` and contains no slash.
    public static func isValid(_ text: some StringProtocol) -> Bool {
        guard (2...128).contains(text.utf8.count), let first = text.utf8.first else { return false }
        func isAlphanumeric(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) }
        return isAlphanumeric(first) && text.utf8.allSatisfy { isAlphanumeric($0) || "+-.".utf8.contains($0) }
    }
}
