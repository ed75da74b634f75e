import Testing

@testable import Configuration

@Suite struct ValueTests {
    @Test(arguments: [
        ("4s", 4_000_000), ("4", 4_000_000), ("1min 30s", 90_000_000), ("1h30min", 5_400_000_000), ("500ms", 500_000),
        ("1.5h", 5_400_000_000), ("2us", 2), ("1 day", 86_400_000_000), ("0", 0), ("1w", 604_800_000_000),
        ("0.25s", 250_000),
    ])
    func spans(text: String, microseconds: Int64) {
        #expect(TimeSpan.parse(text) == .microseconds(microseconds))
        #expect(TimeSpan.parse(TimeSpan.format(.microseconds(microseconds))) == .microseconds(microseconds))
    }

    @Test(arguments: [
        "", "s", "-1s", "4x", "4s s", "1..5s", "1.", ".5s", "99999999999999999999", "9223372036854775807s", "+4",
    ])
    func noSpans(text: String) { #expect(TimeSpan.parse(text) == nil) }

    @Test(
        arguments: [("64M", 64 << 20), ("1.5K", 1536), ("10", 10), ("10B", 10), ("2GB", 2 << 30), ("0", 0)]
            as [(String, UInt64)])
    func sizes(text: String, bytes: UInt64) {
        #expect(ByteSize.parse(text) == bytes)
        #expect(ByteSize.parse(ByteSize.format(bytes)) == bytes)
    }

    @Test(arguments: ["", "M", "1X", "-1", "9999999T", "1 2", "0x10"]) func noSizes(text: String) {
        #expect(ByteSize.parse(text) == nil)
    }

    @Test(arguments: [
        ("coaps://h:5684", "coaps://h:5684"), ("coaps://h", "coaps://h:5684"),
        ("COAP://a.b-c.d/", "coap://a.b-c.d:5683"),
        ("coap://[::1]:99", "coap://[::1]:99"), ("coaps://[fe80::1%eth0]", "coaps://[fe80::1%eth0]:5684"),
    ])
    func uris(text: String, shown: String) { #expect(ServerURI(text)?.description == shown) }

    @Test(arguments: [
        "", "http://h", "coap://", "coap://:1", "coap://h:", "coap://h:0", "coap://h:65536", "coap://u@h",
        "coap://h/path",
        "coap://h?q", "coap://[h]", "coap://[::1", "coap://a..b", "coap://h:+1", "coap://[::\u{FF11}]",
        "coaps://\(String(repeating: "a", count: 250))",
    ])
    func noURIs(text: String) { #expect(ServerURI(text) == nil) }

    @Test func pathsAndNumbers() {
        #expect(ValueType.path.parse("/a//b/") == "/a/b")
        #expect(ValueType.path.parse("a/b") == nil)
        #expect(ValueType.path.parse("/a/../b") == nil)
        for text in ["/a\nb", "/a\tb", "/a\u{7F}", "/\u{1B}[2J"] { #expect(ValueType.path.parse(text) == nil) }
        #expect(ValueType.integer(1...9).parse("9") == 9)
        #expect(ValueType.integer(1...9).parse("10") == nil)
        #expect(ValueType.integer(1...9).parse("+5") == nil)
        #expect(ValueType.boolean.parse("On") == true)
        #expect(ValueType.boolean.parse("maybe") == nil)
    }
}
