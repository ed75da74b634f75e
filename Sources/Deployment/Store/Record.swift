import Linux

/// The store's file format: lines of tab-separated fields, the first a key; a header that names the kind; a checksum.
///
///     gatekeel-record 1 deployment
///     id<TAB>3f2a90c1
///     sum<TAB>5f0b…
///
/// Tabs, newlines and backslashes in fields are escaped. A key may come more than once.
struct Record: Hashable, Sendable {
    static let limit = 4 << 20

    let kind: String
    private(set) var rows: [[String]] = []

    init(kind: String) { self.kind = kind }

    // MARK: Writing

    mutating func add(_ key: String, _ fields: String...) { rows.append([key] + fields) }
    mutating func add(_ key: String, fields: [String]) { rows.append([key] + fields) }
    mutating func add(_ key: String, _ number: some BinaryInteger) { rows.append([key, "\(number)"]) }
    mutating func add(_ key: String, _ flag: Bool) { rows.append([key, flag ? "yes" : "no"]) }
    mutating func add(_ key: String, each values: [String]) { for value in values { add(key, value) } }
    mutating func add(_ key: String, _ duration: Duration?) {
        if let duration { add(key, duration.milliseconds) }
    }

    // MARK: Reading

    /// The fields of the first row of this key.
    func fields(_ key: String) -> [String]? { rows.first { $0[0] == key }.map { Array($0.dropFirst()) } }
    /// The fields of all rows of this key.
    func all(_ key: String) -> [[String]] { rows.filter { $0[0] == key }.map { Array($0.dropFirst()) } }
    func string(_ key: String) -> String { fields(key)?.first ?? "" }
    func strings(_ key: String) -> [String] { all(key).compactMap(\.first) }
    func flag(_ key: String) -> Bool { string(key) == "yes" }
    func integer<Number: FixedWidthInteger>(_ key: String) -> Number { Number(string(key)) ?? 0 }
    func optionalInteger(_ key: String) -> Int? { Int(string(key)) }
    func duration(_ key: String) -> Duration? { Int64(string(key)).map { .milliseconds($0) } }

    // MARK: Bytes

    func encoded() -> [UInt8] {
        var text = "gatekeel-record 1 \(kind)\n"
        for row in rows { text += row.map(Self.escaped).joined(separator: "\t") + "\n" }
        var bytes = Array(text.utf8)
        bytes += "sum\t\(checksum(bytes))\n".utf8
        return bytes
    }

    /// - Throws: `Corrupt` for anything but what `encoded()` made of a record of this kind.
    init(decoding bytes: [UInt8], kind: String) throws(Corrupt) {
        let length = "sum\t0123456789abcdef\n".utf8.count
        guard bytes.count > length else { throw Corrupt("too short") }
        let body = Array(bytes.dropLast(length))
        guard Array(bytes.suffix(length)) == Array("sum\t\(checksum(body))\n".utf8) else {
            throw Corrupt("the checksum does not hold")
        }
        let lines = String(decoding: body, as: UTF8.self).split(separator: "\n")
        guard lines.first == "gatekeel-record 1 \(kind)" else { throw Corrupt("not a record of \(kind)") }
        self.init(kind: kind)
        rows = lines.dropFirst().map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map(Self.unescaped)
        }
    }

    private static func escaped(_ field: String) -> String {
        var result = ""
        for scalar in field.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\t": result += "\\t"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func unescaped(_ field: Substring) -> String {
        var result = ""
        var escaping = false
        for scalar in field.unicodeScalars {
            if escaping {
                escaping = false
                switch scalar {
                case "t": result += "\t"
                case "n": result += "\n"
                case "r": result += "\r"
                default: result.unicodeScalars.append(scalar)
                }
            } else if scalar == "\\" {
                escaping = true
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// A record's bytes are not what was written.
struct Corrupt: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// CRC-64 (ECMA-182, as xz uses it) in hexadecimal: against corruption, not against people.
private func checksum(_ bytes: [UInt8]) -> String {
    var sum = UInt64.max
    for byte in bytes { sum = crcTable[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ (sum >> 8) }
    let digits = String(~sum, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

private let crcTable: [UInt64] = (0..<256).map { index in
    (0..<8).reduce(UInt64(index)) { value, _ in value & 1 == 1 ? 0xC96C_5795_D787_0F42 ^ (value >> 1) : value >> 1 }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
