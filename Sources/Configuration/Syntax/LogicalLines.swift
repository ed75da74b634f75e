/// Lines with content: comments and empty ones left out, continued ones joined, decoded and checked.
struct LogicalLines {
    struct Refusal: Error { let text: String }

    struct Line {
        /// Of its first part, counted from 1.
        let number: Int
        /// Without white space around.
        let content: Result<String, Refusal>
    }

    private let bytes: [UInt8]
    private let limits: IniLimits
    private var position: Int
    private var number = 0

    init(_ bytes: some Collection<UInt8>, limits: IniLimits) {
        self.bytes = Array(bytes)
        self.limits = limits
        position = self.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    mutating func next() -> Line? {
        while let first = physical() {
            let start = number
            if first.isEmpty || Self.isComment(first) { continue }
            var joined = Array(first)
            var isTooLong = joined.count > limits.lineBytes
            while joined.last == UInt8(ascii: "\\") {
                joined.removeLast()
                guard let more = continuation() else { break }
                isTooLong = isTooLong || joined.count + more.count >= limits.lineBytes
                // Skip the whole long line, so that its rest is not parsed as lines of its own.
                joined = (isTooLong ? [] : joined + [UInt8(ascii: " ")]) + more
            }
            if isTooLong {
                return Line(
                    number: start,
                    content: .failure(Refusal(text: "the line is longer than \(limits.lineBytes) bytes")))
            }
            return Line(number: start, content: Self.decode(joined))
        }
        return nil
    }

    /// The next physical line without white space around; nil at the end.
    private mutating func physical() -> ArraySlice<UInt8>? {
        guard position < bytes.count else { return nil }
        number += 1
        let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        defer { position = end + 1 }
        let line = bytes[position..<end].drop(while: Self.isBlank)
        let last = line.lastIndex { !Self.isBlank($0) }
        return last.map { line[...$0] } ?? []
    }

    /// The line that continues the one before: comments between are passed over, an empty one ends it.
    private mutating func continuation() -> ArraySlice<UInt8>? {
        while let line = physical() {
            if !Self.isComment(line) { return line }
        }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    private static func isComment(_ line: ArraySlice<UInt8>) -> Bool {
        line.first == UInt8(ascii: "#") || line.first == UInt8(ascii: ";")
    }

    private static func decode(_ line: [UInt8]) -> Result<String, Refusal> {
        if line.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) {
            return .failure(Refusal(text: "the line has control characters"))
        }
        guard let text = String(validating: line, as: UTF8.self) else {
            return .failure(Refusal(text: "the line is not UTF-8"))
        }
        return .success(text.trimmed)
    }
}
