/// Builds ustar archives byte by byte, so that tests can make archives that no tar program makes.
public struct TarBuilder: Sendable {
    /// The archive so far, without its end mark.
    public private(set) var bytes: [UInt8] = []

    public init() {}

    /// Adds one entry.
    ///
    /// - Parameters:
    ///   - type: `0` file, `1` hard link, `2` symbolic link, `3` character device, `4` block device, `5` folder, `6` FIFO.
    ///   - size: the size in the header, if it must differ from that of `data`.
    public mutating func add(
        _ name: [UInt8], type: Character = "0", data: [UInt8] = [], link: String = "", mode: UInt32 = 0o644,
        owner: Int = 0,
        group: Int = 0, modified: Int = 1_700_000_000, size: Int? = nil
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: some Collection<UInt8>, _ offset: Int, _ length: Int) {
            for (index, byte) in text.prefix(length).enumerated() { header[offset + index] = byte }
        }
        func octal(_ number: Int, _ offset: Int, _ length: Int) {
            let digits = String(number, radix: 8)
            put((String(repeating: "0", count: max(0, length - 1 - digits.count)) + digits).utf8, offset, length)
        }
        put(name, 0, 100)
        octal(Int(mode), 100, 8)
        octal(owner, 108, 8)
        octal(group, 116, 8)
        octal(size ?? data.count, 124, 12)
        octal(modified, 136, 12)
        header[156] = type.asciiValue ?? 0x30
        put(link.utf8, 157, 100)
        put("ustar\u{0}00root".utf8, 257, 12)
        put("root".utf8, 297, 4)
        put([UInt8](repeating: 0x20, count: 8), 148, 8)
        octal(header.reduce(0) { $0 + Int($1) }, 148, 7)
        bytes += header + data
        bytes += [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
    }

    /// Adds one entry with a text name.
    public mutating func add(
        _ name: String, type: Character = "0", data: String = "", link: String = "", mode: UInt32 = 0o644,
        owner: Int = 0
    ) {
        add(Array(name.utf8), type: type, data: Array(data.utf8), link: link, mode: mode, owner: owner)
    }

    /// The whole archive, with two blocks of zeros at its end.
    public var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }
}
