/// Lines of `Key=value`, in order: the text form of small state files. A key may come more than once, and have several
/// fields with tabs between them.
///
/// Fields may hold any text; tabs, line feeds, carriage returns and backslashes are written `\t`, `\n`, `\r`, `\\`.
///
/// A record of a state file says its format (`format=1`; files of releases before that key have none). Within a format,
/// releases add keys and never fields to a key: an older release keeps the lines whose keys it does not know
/// (`others(than:)`) and writes them back (`add(_: Record)`).
public struct Record: Hashable, Sendable {
    private struct Row: Hashable, Sendable {
        var key: String
        var fields: [String]
    }

    private var rows: [Row] = []

    public init() {}

    // MARK: Writing

    public mutating func add(_ key: String, fields: [String]) { rows.append(Row(key: key, fields: fields)) }
    public mutating func add(_ key: String, _ fields: String...) { add(key, fields: fields) }
    public mutating func add(_ key: String, _ number: some BinaryInteger) { add(key, "\(number)") }
    public mutating func add(_ key: String, _ flag: Bool) { add(key, flag ? "yes" : "no") }
    /// A line for each value.
    public mutating func add(_ key: String, each values: [String]) { for value in values { add(key, value) } }

    /// Appends all lines of another record.
    public mutating func add(_ others: Record) { rows += others.rows }

    // MARK: Format

    /// The format that this release writes, and the newest that it reads.
    public static let format = 1
    private static let formatKey = "format"

    /// Begins a state file's record.
    public static func versioned() -> Record {
        var record = Record()
        record.add(formatKey, format)
        return record
    }

    /// - Throws: `NewerFormat` for a record that this release must not use.
    public func requireKnownFormat() throws(NewerFormat) {
        let found: Int = integer(Self.formatKey)
        if found > Self.format { throw NewerFormat(found: found, known: Self.format) }
    }

    /// The lines with other keys than these, in order: those that a newer release added. The format's line is left out.
    public func others(than known: Set<String>) -> Record {
        filtered { key, _ in key != Self.formatKey && !known.contains(key) }
    }

    /// The lines that satisfy a condition on key and fields, in order.
    public func filtered(_ isIncluded: (_ key: String, _ fields: [String]) -> Bool) -> Record {
        var record = Record()
        record.rows = rows.filter { isIncluded($0.key, $0.fields) }
        return record
    }

    /// All keys, each once.
    public var keys: Set<String> { Set(rows.map(\.key)) }

    // MARK: Reading

    /// The fields of the first line of a key.
    public func fields(_ key: String) -> [String]? { rows.first { $0.key == key }?.fields }
    /// The fields of all lines of a key.
    public func all(_ key: String) -> [[String]] { rows.filter { $0.key == key }.map(\.fields) }
    /// Empty when there is none.
    public func string(_ key: String) -> String { self[key] ?? "" }
    /// The first fields of all lines of a key.
    public func strings(_ key: String) -> [String] { all(key).compactMap(\.first) }
    public func flag(_ key: String) -> Bool { self[key] == "yes" }
    /// 0 when there is none.
    public func integer<Number: FixedWidthInteger>(_ key: String) -> Number { self[key].flatMap { Number($0) } ?? 0 }

    /// The first field of a key that comes once; setting nil removes it.
    public subscript(key: String) -> String? {
        get { fields(key)?.first }
        set {
            let index = rows.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): rows[index].fields = [value]
            case (let index?, nil): rows.remove(at: index)
            case (nil, let value?): add(key, value)
            case (nil, nil): break
            }
        }
    }

    // MARK: Bytes

    /// Parses what `bytes` gave; nil for anything else.
    public init?(bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        for line in text.utf8.split(separator: 0x0A).map(Substring.init) {
            // By bytes: a character that combines with '=' or a tab would hide it.
            guard let equals = line.utf8.firstIndex(of: 0x3D) else { return nil }
            let values = line.utf8[line.utf8.index(after: equals)...].split(
                separator: 0x09, omittingEmptySubsequences: false)
            let fields = values.compactMap { Record.unescaped(Substring($0)) }
            guard fields.count == values.count else { return nil }
            add(String(line[..<equals]), fields: fields)
        }
    }

    public var bytes: [UInt8] {
        Array(rows.map { "\($0.key)=\($0.fields.map(Record.escaped).joined(separator: "\t"))\n" }.joined().utf8)
    }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
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

    private static func unescaped(_ value: Substring) -> String? {
        var result = ""
        var scalars = value.unicodeScalars
        while let scalar = scalars.popFirst() {
            guard scalar == "\\" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            switch scalars.popFirst() {
            case "\\": result += "\\"
            case "t": result += "\t"
            case "n": result += "\n"
            case "r": result += "\r"
            default: return nil
            }
        }
        return result
    }
}
