/// Lines of `Key=value`, in order: the text form of small state files. Values may hold any text; line feeds, carriage
/// returns and backslashes are written `\n`, `\r`, `\\`.
public struct Record: Hashable, Sendable {
    private var values: [(key: String, value: String)] = []

    public init() {}

    /// Parses what `bytes` gave; nil for anything else, a key given twice included.
    public init?(bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "="),
                let value = Record.unescaped(line[line.index(after: equals)...])
            else { return nil }
            let key = String(line[..<equals])
            guard self[key] == nil else { return nil }
            values.append((key, value))
        }
    }

    public var bytes: [UInt8] {
        Array(values.map { "\($0.key)=\(Record.escaped($0.value))\n" }.joined().utf8)
    }

    /// The value of a key; setting nil removes it.
    public subscript(key: String) -> String? {
        get { values.first { $0.key == key }?.value }
        set {
            let index = values.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): values[index].value = value
            case (let index?, nil): values.remove(at: index)
            case (nil, let value?): values.append((key, value))
            case (nil, nil): break
            }
        }
    }

    public static func == (left: Record, right: Record) -> Bool { left.bytes == right.bytes }

    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
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
            case "n": result += "\n"
            case "r": result += "\r"
            default: return nil
            }
        }
        return result
    }
}
