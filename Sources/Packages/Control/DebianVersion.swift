/// A version (`deb-version(7)`), compared in dpkg's order: `2:1.0~rc1-1+b2`.
public struct DebianVersion: Comparable, Hashable, Sendable, CustomStringConvertible {
    public let epoch: Int32
    public let upstream: String
    /// An empty revision and `0` compare as equal, as in dpkg.
    public let revision: String
    /// The version as it was written.
    public let description: String

    /// Returns nil for a text that dpkg refuses or that is longer than 255 bytes.
    public init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= 255 else { return nil }
        var rest = Substring(text)
        if let colon = rest.firstIndex(of: ":") {
            let digits = rest[..<colon]
            guard digits.first?.isNumber == true, let number = Int32(digits) else { return nil }
            epoch = number
            rest = rest[rest.index(after: colon)...]
        } else {
            epoch = 0
        }
        if let dash = rest.lastIndex(of: "-") {
            revision = String(rest[rest.index(after: dash)...])
            guard !revision.isEmpty else { return nil }
            rest = rest[..<dash]
        } else {
            revision = ""
        }
        upstream = String(rest)
        guard rest.utf8.first.map(Self.isDigit) == true, upstream.utf8.allSatisfy({ Self.isAllowed($0, in: "-:") }),
            revision.utf8.allSatisfy({ Self.isAllowed($0, in: "") })
        else { return nil }
        description = text
    }

    public static func < (left: DebianVersion, right: DebianVersion) -> Bool { order(left, right) < 0 }

    /// Versions with the same place in dpkg's order are equal, even if written differently: `1.0` and `0:1.0-0`.
    public static func == (left: DebianVersion, right: DebianVersion) -> Bool { order(left, right) == 0 }

    public func hash(into hasher: inout Hasher) {
        // Equal versions can be written in several ways (01 and 1), so only the epoch can be hashed.
        hasher.combine(epoch)
    }

    private static func order(_ left: DebianVersion, _ right: DebianVersion) -> Int {
        if left.epoch != right.epoch { return left.epoch < right.epoch ? -1 : 1 }
        let upstream = order(Array(left.upstream.utf8), Array(right.upstream.utf8))
        return upstream != 0 ? upstream : order(Array(left.revision.utf8), Array(right.revision.utf8))
    }

    /// Debian policy, section 5.6.12: compares a part without digits, then a number, and so on.
    private static func order(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var (i, j) = (0, 0)
        while i < left.count || j < right.count {
            while (i < left.count && !isDigit(left[i])) || (j < right.count && !isDigit(right[j])) {
                let difference = weight(left, i) - weight(right, j)
                if difference != 0 { return difference }
                i += 1
                j += 1
            }
            let (first, second) = (number(left, &i), number(right, &j))
            if first.count != second.count { return first.count - second.count }
            for (a, b) in zip(first, second) where a != b { return Int(a) - Int(b) }
        }
        return 0
    }

    /// The digits that begin at `index`, without leading zeros. Moves `index` behind them.
    private static func number(_ text: [UInt8], _ index: inout Int) -> ArraySlice<UInt8> {
        let start = index
        while index < text.count, isDigit(text[index]) { index += 1 }
        return text[start..<index].drop { $0 == UInt8(ascii: "0") }
    }

    /// A tilde sorts before the end, the end before letters, and letters before all other characters.
    private static func weight(_ text: [UInt8], _ index: Int) -> Int {
        guard index < text.count, !isDigit(text[index]) else { return 0 }
        let byte = text[index]
        if byte == UInt8(ascii: "~") { return -1 }
        return isLetter(byte) ? Int(byte) : Int(byte) + 256
    }

    private static func isAllowed(_ byte: UInt8, in more: String) -> Bool {
        isDigit(byte) || isLetter(byte) || ".+~".utf8.contains(byte) || more.utf8.contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
}
