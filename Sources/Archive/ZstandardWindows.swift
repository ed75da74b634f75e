/// Finds the windows that the frames of a zstd stream declare (RFC 8878, section 3.1).
struct ZstandardWindows: WindowFormat {
    static let magic: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]

    private enum Place { case magic, descriptor, header(descriptor: UInt8), block, skippable }

    let limit: Int
    private(set) var hasBegun = false
    private var place = Place.magic
    private var hasChecksum = false

    init(limit: Int) { self.limit = limit }

    func begins(with piece: [UInt8]) -> Bool { piece == Self.magic || Self.isSkippable(piece) }

    private static func isSkippable(_ piece: [UInt8]) -> Bool {
        piece[0] & 0xf0 == 0x50 && Array(piece[1...]) == [0x2a, 0x4d, 0x18]
    }

    mutating func read(_ piece: [UInt8]) throws(ArchiveError) -> WindowDemand {
        switch place {
        case .magic:
            guard begins(with: piece) else { throw .damaged("its zstd stream is followed by other bytes") }
            hasBegun = true
            let isFrame = piece == Self.magic
            place = isFrame ? .descriptor : .skippable
            return WindowDemand(skip: 0, collect: isFrame ? 1 : 4)
        case .skippable:
            place = .magic
            return WindowDemand(skip: Int(Self.number(piece)), collect: 4)
        case .descriptor:
            let descriptor = piece[0]
            hasChecksum = descriptor & 0x04 != 0
            place = .header(descriptor: descriptor)
            return WindowDemand(skip: 0, collect: Self.headerBytes(descriptor))
        case .header(let descriptor):
            let window = Self.window(descriptor, piece)
            guard window <= limit else {
                throw Self.tooLarge(
                    Int(clamping: window), limit, "window", "compress it with zstd at a level up to 21, or with xz")
            }
            place = .block
            return WindowDemand(skip: 0, collect: 3)
        case .block:
            let header = Int(Self.number(piece))
            let (isLast, type, size) = (header & 1 == 1, header >> 1 & 3, header >> 3)
            guard type != 3 else { throw .damaged("a block of its zstd stream has an unknown type") }
            // One byte stands for a whole block of repetitions.
            let skip = type == 1 ? 1 : size
            guard isLast else { return WindowDemand(skip: skip, collect: 3) }
            place = .magic
            return WindowDemand(skip: skip + (hasChecksum ? 4 : 0), collect: 4)
        }
    }

    private static func isSingleSegment(_ descriptor: UInt8) -> Bool { descriptor & 0x20 != 0 }

    /// The bytes of the content's size.
    private static func sizeBytes(_ descriptor: UInt8) -> Int {
        switch descriptor >> 6 {
        case 0: isSingleSegment(descriptor) ? 1 : 0
        case 1: 2
        case 2: 4
        default: 8
        }
    }

    /// The bytes after the descriptor: the window, the dictionary's number, the content's size. At least one.
    private static func headerBytes(_ descriptor: UInt8) -> Int {
        let dictionary = [0, 1, 2, 4][Int(descriptor & 3)]
        return (isSingleSegment(descriptor) ? 0 : 1) + dictionary + sizeBytes(descriptor)
    }

    private static func window(_ descriptor: UInt8, _ header: [UInt8]) -> UInt64 {
        guard isSingleSegment(descriptor) else {
            let base = UInt64(1) << (10 + UInt64(header[0] >> 3))
            return base + base / 8 * UInt64(header[0] & 7)
        }
        // A frame of a single segment is decompressed as a whole.
        let size = number(header.suffix(sizeBytes(descriptor)))
        return sizeBytes(descriptor) == 2 ? size + 256 : size
    }
}
