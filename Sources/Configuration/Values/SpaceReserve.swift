/// Space of a disk that is kept free: a share with a least size, or a size.
public struct SpaceReserve: Hashable, Sendable {
    /// Of the whole disk; 0 when a size was written.
    public let percent: Int
    /// Bytes that are kept at least.
    public let bytes: UInt64

    /// What a share keeps at least.
    public static let least: UInt64 = 64 << 20

    public init(percent: Int) {
        self.percent = percent
        bytes = Self.least
    }

    public init(bytes: UInt64) {
        percent = 0
        self.bytes = bytes
    }
}

extension ValueType where Value == SpaceReserve {
    /// `5%` or `1G`.
    public static var spaceReserve: ValueType {
        ValueType(
            allowed: "a share of the disk from 1% to 90%, or a size",
            parse: { text in
                guard text.hasSuffix("%") else { return ByteSize.parse(text).map { SpaceReserve(bytes: $0) } }
                guard let percent = Int(text.dropLast().trimmed), (1...90).contains(percent) else { return nil }
                return SpaceReserve(percent: percent)
            }, format: { $0.percent > 0 ? "\($0.percent)%" : ByteSize.format($0.bytes) })
    }
}
