import FaultPoints
import Glibc
import Linux

/// A small state file that survives crashes and damage: replaced atomically, checksummed, with the state before it beside
/// it (`PATH.previous`).
///
/// A crash at any moment leaves the old bytes or the new ones. Bytes whose checksum does not match (a bad sector, an
/// editor) are never used: the copy is used instead, and `Origin` says so. A file that was not used is kept as
/// `PATH.refused`.
public struct CheckedFile: Sendable {
    /// Where a state came from.
    public enum Origin: Hashable, Sendable {
        /// The file is whole.
        case file
        /// There is none, and no copy either: the first start.
        case absent
        /// The file is damaged or gone; the state before it is used.
        case previous
        /// The file is damaged and so is its copy, or there is no copy.
        case lost
        /// A newer release wrote the file in a format that this one cannot read; the state before it is used if there is
        /// one.
        case newer
    }

    public let path: String
    private let limit: Int
    /// Whether a file that was not used is kept as `PATH.refused`.
    private let keepsRefused: Bool

    private var copy: String { path + ".previous" }
    /// Where a file that was not used is kept.
    private var refused: String { path + ".refused" }

    #if DEBUG
        /// A test's hook: called with the name of each place; its error is thrown there.
        public var probe: (@Sendable (String) throws(Errno) -> Void)?
    #endif

    /// - Parameters:
    ///   - limit: the most bytes that are read, and so the most that are written.
    ///   - keepsRefused: false for a file in a folder that must not change.
    public init(path: String, limit: Int = 1 << 20, keepsRefused: Bool = true) {
        self.path = path
        self.limit = limit
        self.keepsRefused = keepsRefused
    }

    /// Reads the state; blocks.
    ///
    /// A medium that cannot be read (`EIO`) counts as damage as long as the copy is whole. Otherwise an error is neither
    /// an absence nor damage: it is thrown, and the caller must not write a new state over the one that it could not read.
    /// - Parameter decode: makes the state of the bytes; nil when they make none, which counts as damage.
    public func load<Value>(
        _ decode: ([UInt8]) throws(NewerFormat) -> Value?
    ) throws(Errno) -> (value: Value?, origin: Origin) {
        let main = read(path, decode)
        let origin: Origin
        switch main {
        case .whole(let value): return (value, .file)
        case .failed(let error) where error.code != EIO: throw error
        case .newer: origin = .newer
        case .absent, .damaged, .failed: origin = .previous
        }
        let before = read(copy, decode)
        if case .failed(let error) = main {
            guard case .whole = before else { throw error }
        }
        if case .failed(let error) = before { throw error }
        switch main {
        case _ where !keepsRefused: break
        case .absent: break
        case .newer: try Files.link(path, replacing: refused)
        // Kept for inspection, if there is room.
        case .whole, .damaged, .failed: try? Files.link(path, replacing: refused)
        }
        if case .whole(let value) = before { return (value, origin) }
        if case .absent = main, case .absent = before { return (nil, .absent) }
        return (nil, origin == .newer ? .newer : .lost)
    }

    /// Writes the state durably; blocks. A file that is whole is kept as the copy first.
    ///
    /// - Throws: `EFBIG` for a state that could not be read back; the file stays as it is.
    public func save(_ body: some Sequence<UInt8>) throws(Errno) {
        let bytes = Self.checked(body)
        guard bytes.count <= limit else {
            throw Errno(EFBIG, "write \(path) (\(bytes.count) bytes; at most \(limit) are read back)")
        }
        try pass("state.write.before")
        // A file that cannot be read now does not become the copy: the present copy is known to be whole.
        if case .whole = read(path, { _ in true }) {
            try Files.link(path, replacing: copy)
            try pass("state.copy.after")
        }
        try Files.replace(path, with: bytes, mode: 0o600)
        try pass("state.write.after")
    }

    /// Removes the file and all that was kept of it, durably.
    public func remove() throws(Errno) {
        try pass("state.remove.before")
        try Files.remove(refused)
        try Files.remove(copy)
        try Files.remove(path)
    }

    /// A state as `save` writes it, for what is written by other means.
    public static func checked(_ body: some Sequence<UInt8>) -> [UInt8] {
        let body = Array(body)
        return body + trailer(body)
    }

    @inline(__always)
    private func pass(_ place: StaticString) throws(Errno) {
        try faultPoint(place)
        #if DEBUG
            try probe?("\(place)")
        #endif
    }

    /// What a file holds.
    private enum Content<Value> {
        case whole(Value)
        case absent
        case damaged
        case newer
        case failed(Errno)
    }

    private func read<Value>(_ path: String, _ decode: ([UInt8]) throws(NewerFormat) -> Value?) -> Content<Value> {
        let bytes: [UInt8]
        do throws(Errno) {
            guard let found = try Files.readIfPresent(path, limit: limit) else { return .absent }
            bytes = found
        } catch {
            // A file above the limit cannot be a state.
            return error.code == EFBIG ? .damaged : .failed(error)
        }
        let length = Self.trailer([]).count
        let body = Array(bytes.dropLast(length))
        guard bytes.count >= length, Array(bytes.suffix(length)) == Self.trailer(body) else { return .damaged }
        do throws(NewerFormat) {
            return try decode(body).map { .whole($0) } ?? .damaged
        } catch {
            return .newer
        }
    }

    /// `# sum ` and FNV-1a of the body in 16 hexadecimal digits: against damage, not against an adversary.
    private static func trailer(_ body: some Sequence<UInt8>) -> [UInt8] {
        Array("# sum \(fnv1a(body).hexadecimal)\n".utf8)
    }
}
