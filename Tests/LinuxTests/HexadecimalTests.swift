import Linux
import Testing

@Suite struct HexadecimalTests {
    @Test func leadingZerosAreWritten() {
        #expect([0x00, 0x0F, 0xA0, 0xFF].hexadecimal == "000fa0ff")
        #expect(UInt64(0x1F).hexadecimal == "000000000000001f")
        #expect(UInt8(0).hexadecimal == "00")
        #expect([UInt8]().hexadecimal == "")
    }

    @Test func digitsOfBothCasesAreRead() {
        #expect([UInt8](hexadecimal: "000fA0fF".utf8) == [0x00, 0x0F, 0xA0, 0xFF])
        #expect([UInt8](hexadecimal: "".utf8) == [])
    }

    @Test(arguments: ["0", "0g", "+1", "-1", " 1", "0x", "00f", "ä"])
    func whatIsNoDigitIsRefused(text: String) {
        #expect([UInt8](hexadecimal: text.utf8) == nil)
    }

    /// The vectors of the algorithm's authors.
    @Test(arguments: [("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8")])
    func fnv1aHasItsPublishedValues(text: String, digest: String) {
        #expect(fnv1a(text.utf8).hexadecimal == digest)
    }

    @Test(arguments: ["To Be Filled By O.E.M.", "Default string", "0", "0000000", "n/a", "1234567890", ""])
    func placeholdersOfVendorsSayNothing(text: String) {
        #expect(DMIText.meaningful(text) == nil)
    }

    @Test func aSerialNumberIsMeaningful() {
        #expect(DMIText.meaningful("PF-0042") == "PF-0042")
    }
}
