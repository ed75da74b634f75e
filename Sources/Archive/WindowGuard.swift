/// Follows a compressed stream while it is read, and refuses it when a header asks the decompressor for more memory than
/// allowed: the window of zstd, the dictionary of LZMA2. libarchive would grant it: up to 1 GiB for xz.
///
/// It sees every byte before the decompressor does, and keeps only the header that it is in the middle of.
struct WindowGuard {
    private var format: any WindowFormat
    private var demand: WindowDemand
    private var piece: [UInt8] = []
    private var isOff = false

    /// nil for a compression whose memory the archive does not choose.
    init?(_ compression: Compression, limit: Int) {
        switch compression {
        case .none, .gzip: return nil
        case .xz: format = XZWindows(limit: limit)
        case .zstd: format = ZstandardWindows(limit: limit)
        }
        demand = WindowDemand(skip: 0, collect: type(of: format).magic.count)
    }

    mutating func take(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var position = 0
        while position < bytes.count, !isOff {
            let passed = min(demand.skip, bytes.count - position)
            demand.skip -= passed
            position += passed
            let taken = min(demand.collect - piece.count, bytes.count - position)
            if demand.skip > 0 || taken == 0 { return }
            piece += bytes[position..<position + taken]
            position += taken
            guard piece.count == demand.collect else { return }
            if !format.hasBegun, !format.begins(with: piece) {
                // No filter recognises it; the reader refuses it for that.
                isOff = true
                return
            }
            demand = try format.read(piece)
            piece.removeAll(keepingCapacity: true)
        }
    }
}

/// What is to be read next: bytes that do not matter, then a piece of a header, which is never empty.
struct WindowDemand: Hashable {
    var skip: Int
    var collect: Int
}

/// The structure of a compressed stream, as far as it is needed to find every header.
protocol WindowFormat {
    /// How a stream begins.
    static var magic: [UInt8] { get }
    /// Whether the beginning was read.
    var hasBegun: Bool { get }
    /// Whether libarchive takes data that begin like this for the format.
    func begins(with piece: [UInt8]) -> Bool
    /// Takes the piece that was asked for, at first as many bytes as the magic number has.
    mutating func read(_ piece: [UInt8]) throws(ArchiveError) -> WindowDemand
}

extension WindowFormat {
    static func tooLarge(_ bytes: Int, _ limit: Int, _ what: String, _ advice: String) -> ArchiveError {
        .excessive(
            "decompressing it takes a \(what) of \(bytes >> 20) MiB, and \(limit >> 20) MiB are allowed; \(advice)")
    }

    /// Little-endian.
    static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
