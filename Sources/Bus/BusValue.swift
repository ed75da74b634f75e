/// A value of D-Bus's type system ("Type System" of the D-Bus specification).
///
/// Every value knows its type, even an empty container, so the signature of a message follows from its values.
public indirect enum BusValue: Hashable, Sendable {
    case byte(UInt8)
    case bool(Bool)
    case int16(Int16)
    case uint16(UInt16)
    case int32(Int32)
    case uint32(UInt32)
    case int64(Int64)
    case uint64(UInt64)
    case double(Double)
    case string(String)
    case objectPath(String)
    case signature(String)
    /// `h`: a file descriptor.
    case descriptor(BusDescriptor)
    /// `ay`. It is always read as this case, never as an array of `byte`.
    case bytes([UInt8])
    /// An array with the signature of its elements.
    case array(of: String, [BusValue])
    /// A dictionary with the signatures of its keys and values, in the order of the message.
    case dictionary(key: String, value: String, [BusEntry])
    case structure([BusValue])
    case variant(BusValue)
}

/// One entry of a dictionary.
public struct BusEntry: Hashable, Sendable {
    public let key: BusValue
    public let value: BusValue

    public init(_ key: BusValue, _ value: BusValue) {
        self.key = key
        self.value = value
    }
}

extension BusValue {
    /// The value's signature: `a{sv}`.
    public var typeSignature: String {
        switch self {
        case .byte: "y"
        case .bool: "b"
        case .int16: "n"
        case .uint16: "q"
        case .int32: "i"
        case .uint32: "u"
        case .int64: "x"
        case .uint64: "t"
        case .double: "d"
        case .string: "s"
        case .objectPath: "o"
        case .signature: "g"
        case .descriptor: "h"
        case .bytes: "ay"
        case .array(let element, _): "a\(element)"
        case .dictionary(let key, let value, _): "a{\(key)\(value)}"
        case .structure(let fields): "(\(fields.map(\.typeSignature).joined()))"
        case .variant: "v"
        }
    }
}

// MARK: Making

extension BusValue {
    /// `as`.
    public static func strings(_ values: some Sequence<String>) -> BusValue {
        .array(of: "s", values.map { .string($0) })
    }

    /// `a{sv}`, sorted by name so that equal dictionaries make equal messages.
    public static func properties(_ values: [String: BusValue]) -> BusValue {
        .dictionary(
            key: "s", value: "v",
            values.sorted { $0.key < $1.key }.map { BusEntry(.string($0.key), .variant($0.value)) })
    }

    /// `aa{sv}`.
    public static func list(_ values: some Sequence<[String: BusValue]>) -> BusValue {
        .array(of: "a{sv}", values.map { .properties($0) })
    }
}

// MARK: Reading

extension BusValue {
    /// The text of a string, an object path or a signature.
    public var text: String? {
        switch self {
        case .string(let text), .objectPath(let text), .signature(let text): text
        default: nil
        }
    }

    public var flag: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    /// The value of any integer type, if it fits.
    public var integer: Int? {
        switch self {
        case .byte(let value): Int(value)
        case .int16(let value): Int(value)
        case .uint16(let value): Int(value)
        case .int32(let value): Int(value)
        case .uint32(let value): Int(value)
        case .int64(let value): Int(value)
        case .uint64(let value): Int(exactly: value)
        default: nil
        }
    }

    /// `t` or `u`.
    public var unsigned: UInt64? {
        switch self {
        case .uint64(let value): value
        case .uint32(let value): UInt64(value)
        default: nil
        }
    }

    /// An array's elements or a structure's fields.
    public var elements: [BusValue]? {
        switch self {
        case .array(_, let elements), .structure(let elements): elements
        default: nil
        }
    }

    /// `as` or `ao`.
    public var strings: [String]? {
        guard case .array(_, let elements) = self else { return nil }
        let strings = elements.compactMap(\.text)
        return strings.count == elements.count ? strings : nil
    }

    /// `a{sv}` without the variants. If a name occurs twice, the later entry is used.
    public var properties: [String: BusValue]? {
        guard case .dictionary("s", "v", let entries) = self else { return nil }
        var result: [String: BusValue] = [:]
        for entry in entries {
            if let name = entry.key.text, case .variant(let value) = entry.value { result[name] = value }
        }
        return result
    }

    /// `aa{sv}`.
    public var list: [[String: BusValue]]? {
        guard case .array("a{sv}", let elements) = self else { return nil }
        return elements.compactMap(\.properties)
    }

    /// The content of a variant; any other value unchanged.
    public var opened: BusValue {
        if case .variant(let value) = self { value } else { self }
    }
}
