@testable import LwM2M

/// Parses bytes in hexadecimal with blanks between them.
func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }
    return stride(from: 0, to: digits.count, by: 2).compactMap { offset in
        let start = digits.index(digits.startIndex, offsetBy: offset)
        return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)
    }
}

/// An object with a resource of every type. Those from 20 on are multiple.
let everything = ObjectDefinition(
    id: 7000, name: "Everything", version: "1.0", multiple: true, mandatory: false,
    resources: [
        ResourceDefinition(0, "String", .readWrite, .string), ResourceDefinition(1, "Integer", .readWrite, .integer),
        ResourceDefinition(2, "Unsigned", .readWrite, .unsignedInteger),
        ResourceDefinition(3, "Float", .readWrite, .float),
        ResourceDefinition(4, "Boolean", .readWrite, .boolean), ResourceDefinition(5, "Opaque", .readWrite, .opaque),
        ResourceDefinition(6, "Time", .readWrite, .time), ResourceDefinition(7, "Link", .readWrite, .objectLink),
        ResourceDefinition(8, "Core", .readWrite, .coreLink), ResourceDefinition(9, "Run", .execute),
        ResourceDefinition(20, "Strings", .readWrite, .string, multiple: true),
        ResourceDefinition(300, "Integers", .readWrite, .integer, multiple: true),
    ])

/// The Device of the specification's example client (LwM2M Core, Appendix F).
let exampleDevice = InstanceContent(
    0,
    [
        0: .single(.string("Open Mobile Alliance")), 1: .single(.string("Lightweight M2M Client")),
        2: .single(.string("345000123")), 3: .single(.string("1.0")), 6: .multiple([0: .integer(1), 1: .integer(5)]),
        7: .multiple([0: .integer(3800), 1: .integer(5000)]), 8: .multiple([0: .integer(125), 1: .integer(900)]),
        9: .single(.integer(100)), 10: .single(.integer(15)), 11: .multiple([0: .integer(0)]),
        13: .single(.time(1_367_491_215)), 14: .single(.string("+02:00")), 16: .single(.string("U")),
    ])

/// Values at the limits of every type.
let edges: [(UInt16, Value)] = [
    (0, .string("")), (0, .string("ä😀\u{0}")), (1, .integer(0)), (1, .integer(-1)), (1, .integer(127)),
    (1, .integer(128)),
    (1, .integer(-129)), (1, .integer(40000)), (1, .integer(.max)), (1, .integer(.min)), (2, .unsignedInteger(0)),
    (2, .unsignedInteger(255)), (2, .unsignedInteger(256)), (2, .unsignedInteger(1 << 40)), (2, .unsignedInteger(.max)),
    (3, .float(0)), (3, .float(-0.5)), (3, .float(0.1)), (3, .float(1e300)),
    (3, .float(.leastNonzeroMagnitude)), (3, .float(100)),
    (4, .boolean(true)), (4, .boolean(false)), (5, .opaque([])), (5, .opaque([0])), (5, .opaque([0xFF, 0xFE])),
    (5, .opaque(Array(0...255))), (6, .time(-1)), (6, .time(1_700_000_000)), (6, .time(1 << 33)),
    (7, .objectLink(ObjectLink(3, 0))), (7, .objectLink(ObjectLink(.max, .max))), (8, .coreLink("</3/0>;pmin=1")),
]
