import FaultPoints
import Linux

/// A small state file that survives crashes and damage: replaced atomically, checksummed, with the state before it beside
/// it (`PATH.previous`).
///
/// A crash at any moment leaves the old bytes or the new ones. Bytes whose checksum fails (a bad sector, an editor) are
/// never taken: the copy is, and `Origin` says so.
public struct CheckedFile: Sendable {
    /// Where a state came from.
    public enum Origin: Hashable, Sendable {
        /// The file is whole.
        case file
        /// There is none, and no copy either: the first start.
        case absent
        /// The file is damaged or gone; the state before it was taken.
        case previous
        /// The file is damaged and so is its copy, or has none.
        case lost
    }

    public let path: String
    private let limit: Int

    private var copy: String { path + ".previous" }

    #if DEBUG
        /// A test's own: called with each named place that is passed; what it throws is thrown there.
        public var probe: (@Sendable (String) throws(Errno) -> Void)?
    #endif

    /// - Parameter limit: the most bytes that are read.
    public init(path: String, limit: Int = 1 << 20) {
        self.path = path
        self.limit = limit
    }

    /// Reads the state; blocks.
    ///
    /// - Parameter decode: makes the state of the bytes; nil when they make none, which counts as damage.
    public func load<Value>(_ decode: ([UInt8]) -> Value?) -> (value: Value?, origin: Origin) {
        if let value = body(of: path).flatMap(decode) { return (value, .file) }
        if let value = body(of: copy).flatMap(decode) { return (value, .previous) }
        return (nil, Files.exists(path) || Files.exists(copy) ? .lost : .absent)
    }

    /// Writes the state durably; blocks. Bytes that are whole are kept as the copy first.
    public func save(_ body: some Sequence<UInt8>) throws(Errno) {
        try pass("state.write.before")
        if self.body(of: path) != nil {
            try Files.link(path, replacing: copy)
            try pass("state.copy.after")
        }
        try Files.replace(path, with: Self.checked(body), mode: 0o600)
        try pass("state.write.after")
    }

    /// Removes the file and its copy durably.
    public func remove() throws(Errno) {
        try pass("state.remove.before")
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

    private func body(of path: String) -> [UInt8]? {
        guard let bytes = try? Files.read(path, limit: limit) else { return nil }
        let length = Self.trailer([]).count
        guard bytes.count >= length else { return nil }
        let body = bytes.dropLast(length)
        return Array(bytes.suffix(length)) == Self.trailer(body) ? Array(body) : nil
    }

    /// `# sum ` and FNV-1a of the body in 16 hexadecimal digits: against damage, not against an adversary.
    private static func trailer(_ body: some Sequence<UInt8>) -> [UInt8] {
        Array("# sum \(fnv1a(body).hexadecimal)\n".utf8)
    }
}
