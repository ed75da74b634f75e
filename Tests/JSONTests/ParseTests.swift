import JSON
import Testing

@Suite struct ParseTests {
    static let texts: [(String, JSON)] = [
        ("null", .null), (" true ", .bool(true)), ("false", .bool(false)), ("[]", .array([])), ("{}", .object([])),
        ("\t[ 1 ,\r\n2 ]", .array([1, 2])),
        (
            #"{"a":{"b":[null,"c"]}}"#,
            .object([.init("a", .object([.init("b", .array([.null, .string("c")]))]))])
        ),
        (#""""#, .string("")), (#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{C}\n\r\t")),
        (#""\u00e4\uD83D\uDE00""#, .string("ä😀")), ("\"ä😀\"", .string("ä😀")), (#""\u0000""#, .string("\0")),
    ]

    @Test(arguments: texts)
    func validTextsAreRead(text: String, value: JSON) throws {
        #expect(try JSON.parse(Array(text.utf8)) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "True", "[1,]", "[,1]", "[1 2]", "{\"a\":1,}", "{a:1}", "{\"a\"}", "{\"a\":}", "{1:2}", "[",
        "{", "\"",
        "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\u+123\"", "\"\\uD800\"", "\"\\uD800\\n\"",
        "\"\\uD800\\uD800\"",
        "\"\\uDC00\"", "\"a\nb\"", "\"\u{1}\"", "01", "+1", "-", "1.", ".5", "1e", "1e+", "0x10", "NaN", "Infinity",
        "-Infinity",
        "1 2", "[1]x", "// c\n1", "\u{FEFF}1", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "'a'",
    ])
    func invalidTextsAreRefused(text: String) {
        #expect(throws: JSON.Malformed.self) { try JSON.parse(Array(text.utf8)) }
    }

    @Test func invalidUTF8IsRefused() {
        for bytes: [UInt8] in [[0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xFF], [0xE2, 0x82], [0xF5, 0x80, 0x80, 0x80]] {
            #expect(throws: JSON.Malformed.self) { try JSON.parse([0x22] + bytes + [0x22]) }
        }
    }

    @Test func nestingIsLimited() throws {
        func nested(_ depth: Int) -> [UInt8] {
            [UInt8](repeating: 0x5B, count: depth) + [UInt8](repeating: 0x5D, count: depth)
        }
        #expect(throws: Never.self) { try JSON.parse(nested(32)) }
        #expect(throws: JSON.Malformed.self) { try JSON.parse(nested(33)) }
        #expect(throws: JSON.Malformed.self) { try JSON.parse([UInt8](repeating: 0x5B, count: 1 << 20)) }
        #expect(throws: Never.self) { try JSON.parse(nested(4), depth: 4) }
    }

    @Test func sizeIsLimited() {
        #expect(throws: JSON.Malformed.self) { try JSON.parse(Array("\"aaaa\"".utf8), limit: 5) }
        #expect(throws: Never.self) { try JSON.parse(Array("\"aaaa\"".utf8), limit: 6) }
    }

    @Test(arguments: [(#"{"a" 1}"#, "expected ':'", 5), (#"{"a":1,"a":2}"#, "the name 'a' is repeated", 7)])
    func errorsHaveTheirOffset(text: String, message: String, offset: Int) {
        let error = #expect(throws: JSON.Malformed.self) { try JSON.parse(Array(text.utf8)) }
        #expect(error?.message == message)
        #expect(error?.offset == offset)
    }
}

@Suite struct NumberTests {
    @Test func integersAreExact() throws {
        func number(_ text: String) throws -> JSON.Number? { try JSON.parse(Array(text.utf8)).number }
        #expect(try number("9223372036854775807")?.int64 == .max)
        #expect(try number("-9223372036854775808")?.int64 == .min)
        #expect(try number("9223372036854775808")?.int64 == nil)
        #expect(try number("18446744073709551615")?.uint64 == .max)
        #expect(try number("-1")?.uint64 == nil)
        #expect(try number("1e3")?.int64 == 1000)
        #expect(try number("2.0")?.int64 == 2)
        #expect(try number("2.5")?.int64 == nil)
        #expect(try number("2.5")?.double == 2.5)
        #expect(try number("1e400")?.double == nil)
        #expect(try number("-0")?.int64 == 0)
    }

    @Test func infinitiesAndNaNAreNotNumbers() {
        #expect(JSON.Number(Double.nan) == nil)
        #expect(JSON.Number(-Double.infinity) == nil)
        #expect(JSON.Number(0.1)?.description == "0.1")
        #expect(JSON.Number(100.0)?.description == "100")
        #expect(JSON.Number(1e300)?.description == "1e+300")
    }
}

@Suite struct WriteTests {
    let value: JSON = ["b": [1, "x\"\n\u{1}ä", nil], "a": [:], "e": [], "t": true]

    @Test func membersKeepTheirOrder() {
        #expect(
            String(decoding: value.write(), as: UTF8.self) == #"{"b":[1,"x\"\n\u0001ä",null],"a":{},"e":[],"t":true}"#)
    }

    @Test func formattedTextIsIndented() {
        let text = """
            {
              "b": [
                1,
                "x\\"\\n\\u0001ä",
                null
              ],
              "a": {},
              "e": [],
              "t": true
            }

            """
        #expect(String(decoding: value.writeIndented(), as: UTF8.self) == text)
    }

    @Test func writtenTextIsReadBack() throws {
        #expect(try JSON.parse(value.write()) == value)
        #expect(try JSON.parse(value.writeIndented()) == value)
    }
}
