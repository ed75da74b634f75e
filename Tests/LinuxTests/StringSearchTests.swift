import Linux
import Testing

@Suite struct StringSearchTests {
    @Test func textIsFoundAtItsPosition() {
        let text = "coaps://[::1]:5684/é"
        #expect(text.firstOccurrence(of: "://").map { String(text[..<$0.lowerBound]) } == "coaps")
        #expect(text.firstOccurrence(of: "é").map { String(text[$0.upperBound...]) } == "")
        #expect(text.firstOccurrence(of: "aab") == nil)
        #expect("aaab".firstOccurrence(of: "aab").map { String("aaab"[$0]) } == "aab")
        #expect(text.firstOccurrence(of: "") == nil)
        #expect("".firstOccurrence(of: "x") == nil)
        #expect("unit@.service".holds("@."))
        #expect(!"unit.service".holds("@."))
    }
}
