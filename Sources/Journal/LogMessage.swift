import Linux

/// A message for people whose values are fields too.
///
/// `"Package \(name, .package) \(version, .version) is installed"` becomes one line and the fields `PACKAGE=` and
/// `PACKAGE_VERSION=`. Values may come from outside: control characters are written as `\xNN`, and a value is cut after
/// 2,048 bytes.
public struct LogMessage: ExpressibleByStringInterpolation, Sendable {
    public let text: String
    public let fields: [(Field, String)]

    public init(stringLiteral value: String) {
        text = value
        fields = []
    }

    public init(stringInterpolation: StringInterpolation) {
        text = stringInterpolation.text
        fields = stringInterpolation.fields
    }

    /// The same message with one more field, which is not in the text.
    public func with(_ field: Field, _ value: some CustomStringConvertible) -> LogMessage {
        LogMessage(text: text, fields: fields + [(field, harmless(value.description))])
    }

    /// What the message is about, for limits: the first field that names something.
    var object: String {
        fields.first { [.package, .path, .server, .file, .unit, .user].contains($0.0) }?.1 ?? ""
    }

    /// The server that it is about or that caused it, for limits; empty for none.
    var server: String { fields.first { $0.0 == .server }?.1 ?? "" }

    private init(text: String, fields: [(Field, String)]) {
        self.text = text
        self.fields = fields
    }

    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""
        fileprivate var fields: [(Field, String)] = []

        public init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        public mutating func appendLiteral(_ literal: String) { text += literal }

        /// A value in the text only.
        public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            text += harmless(value.description)
        }

        /// A value in the text and in a field.
        public mutating func appendInterpolation(_ value: some CustomStringConvertible, _ field: Field) {
            let value = harmless(value.description)
            text += value
            fields.append((field, value))
        }
    }
}

/// The value with control characters written `\xNN`, cut after 2,048 bytes.
func harmless(_ value: String) -> String {
    let needsWork = value.utf8.count > 2048 || value.unicodeScalars.contains { isControl($0) }
    guard needsWork else { return value }
    var result = ""
    for scalar in value.unicodeScalars {
        if result.utf8.count >= 2048 { return result + "…" }
        if isControl(scalar) {
            result += "\\x" + UInt8(truncatingIfNeeded: scalar.value).hexadecimal
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
}
