/// Finds the dictionaries that the blocks of an xz stream declare (the .xz file format 1.2.1, and LZMA2's chunks).
struct XZWindows: WindowFormat {
    static let magic: [UInt8] = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
    private static let lzma2: UInt64 = 0x21

    private enum Place {
        case magic, streamFlags
        /// The first byte of a block's header, or of the index.
        case block
        case blockHeader
        /// The control byte of a chunk, and what follows it.
        case chunk
        case plainChunk, packedChunk(hasProperties: Bool)
        /// In the index: how many numbers are still to come, nil before the count is known.
        case index(numbers: UInt64?)
        case footer
        /// Four bytes: zeros after a stream, or the begin of the next one.
        case next
        case nextMagic
    }

    let limit: Int
    private(set) var hasBegun = false
    private var place = Place.magic
    private var checkBytes = 0
    /// The bytes of a block's data, or of the index, so far.
    private var count = 0
    /// The number of the index that is being read.
    private var value: UInt64 = 0
    private var shift: UInt64 = 0

    init(limit: Int) { self.limit = limit }

    func begins(with piece: [UInt8]) -> Bool { piece == Self.magic }

    mutating func read(_ piece: [UInt8]) throws(ArchiveError) -> WindowDemand {
        switch place {
        case .magic:
            hasBegun = true
            return to(.streamFlags, 6)
        case .streamFlags:
            checkBytes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64][Int(piece[1] & 0x0f)]
            return to(.block, 1)
        case .block:
            count = 0
            guard piece[0] == 0 else { return to(.blockHeader, (Int(piece[0]) + 1) * 4 - 1) }
            (count, value, shift) = (1, 0, 0)
            return to(.index(numbers: nil), 1)
        case .blockHeader:
            try check(piece)
            return to(.chunk, 1)
        case .chunk:
            count += 1
            switch piece[0] {
            case 0:
                place = .block
                return WindowDemand(skip: padding + checkBytes, collect: 1)
            case 1, 2: return to(.plainChunk, 2)
            case 0x80...: return to(.packedChunk(hasProperties: piece[0] >= 0xc0), 4)
            default: throw Self.broken
            }
        case .plainChunk: return chunk(header: 2, data: Int(piece[0]) << 8 + Int(piece[1]) + 1)
        case .packedChunk(let hasProperties):
            return chunk(header: 4, data: Int(piece[2]) << 8 + Int(piece[3]) + 1 + (hasProperties ? 1 : 0))
        case .index(let numbers): return try index(numbers, piece[0])
        case .footer: return to(.next, 4)
        case .next:
            if piece == [0, 0, 0, 0] { return to(.next, 4) }
            guard piece == Array(Self.magic[..<4]) else { throw .damaged("its xz stream is followed by other bytes") }
            return to(.nextMagic, 2)
        case .nextMagic:
            guard piece == Array(Self.magic[4...]) else { throw .damaged("its xz stream is followed by other bytes") }
            return to(.streamFlags, 6)
        }
    }

    private static let broken = ArchiveError.damaged("its xz stream has a form that is not known")

    private var padding: Int { (4 - count % 4) % 4 }

    private mutating func to(_ place: Place, _ bytes: Int) -> WindowDemand {
        self.place = place
        return WindowDemand(skip: 0, collect: bytes)
    }

    private mutating func chunk(header: Int, data: Int) -> WindowDemand {
        count += header + data
        place = .chunk
        return WindowDemand(skip: data, collect: 1)
    }

    /// One byte of the index: the count of the records, then two numbers each, padding and a checksum.
    private mutating func index(_ numbers: UInt64?, _ byte: UInt8) throws(ArchiveError) -> WindowDemand {
        count += 1
        guard shift < 63 else { throw Self.broken }
        value |= UInt64(byte & 0x7f) << shift
        shift += 7
        if byte & 0x80 != 0 { return to(.index(numbers: numbers), 1) }
        let left: UInt64
        if let numbers {
            left = numbers - 1
        } else {
            let (doubled, overflow) = value.multipliedReportingOverflow(by: 2)
            guard !overflow else { throw Self.broken }
            left = doubled
        }
        (value, shift) = (0, 0)
        if left > 0 { return to(.index(numbers: left), 1) }
        place = .footer
        return WindowDemand(skip: padding + 4, collect: 12)
    }

    /// Checks the dictionary of a block's header, of which the first byte is left out.
    private func check(_ header: [UInt8]) throws(ArchiveError) {
        var rest = header.dropLast(4)[...]
        guard let flags = rest.popFirst() else { throw Self.broken }
        for flag: UInt8 in [0x40, 0x80] where flags & flag != 0 { _ = try Self.number(&rest) }
        var last: UInt64 = 0
        for _ in 0...(flags & 3) {
            last = try Self.number(&rest)
            let size = Int(clamping: try Self.number(&rest))
            guard size <= rest.count else { throw Self.broken }
            let properties = rest.prefix(size)
            rest = rest.dropFirst(size)
            guard last == Self.lzma2 else { continue }
            guard size == 1, let bits = properties.first, bits <= 40 else { throw Self.broken }
            let bytes = bits == 40 ? 1 << 32 : (2 | Int(bits & 1)) << (Int(bits) / 2 + 11)
            guard bytes <= limit else {
                throw Self.tooLarge(bytes, limit, "dictionary", "compress it with one of the presets of xz, up to -9")
            }
        }
        // The data are the last filter's.
        guard last == Self.lzma2 else { throw Self.broken }
    }

    /// A number of seven bits a byte.
    private static func number(_ bytes: inout ArraySlice<UInt8>) throws(ArchiveError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 63, let byte = bytes.popFirst() {
            value |= UInt64(byte & 0x7f) << shift
            shift += 7
            if byte & 0x80 == 0 { return value }
        }
        throw broken
    }
}
