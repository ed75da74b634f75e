import Glibc
import Linux
import Testing

@testable import Packages

@Suite struct DebianVersionTests {
    @Test(arguments: [
        ("1.0", "1.0", 0), ("1.0", "0:1.0-0", 0), ("1.0~rc1", "1.0", -1), ("1.0", "1.0-1", -1), ("1:0.1", "9.9", 1),
        ("1.10", "1.9", 1), ("1.0a", "1.0", 1), ("1.0+b1", "1.0a", 1), ("1.0-1~deb12u1", "1.0-1", -1), ("01", "1", 0),
        ("1-1-1", "1-1-2", -1), ("1.0~~", "1.0~", -1),
    ])
    func order(left: String, right: String, sign: Int) throws {
        let (first, second) = (try #require(DebianVersion(left)), try #require(DebianVersion(right)))
        #expect((first < second ? -1 : first == second ? 0 : 1) == sign)
        #expect((second < first ? -1 : first == second ? 0 : 1) == -sign)
        if sign == 0 { #expect(Set([first, second]).count == 1) }
    }

    @Test(arguments: ["", "a", "1.0-", "1:", ":1", "x:1", "1 0", "1/0", "1_0", "-1", "99999999999:1", "1.0-1:2", "é1"])
    func invalidVersionsAreRefused(text: String) { #expect(DebianVersion(text) == nil) }

    /// Compares with dpkg itself, over pairs with small differences where dpkg's order is surprising.
    @Test func orderMatchesDpkg() throws {
        var generator = SystemRandomNumberGenerator()
        let parts = [
            "0", "1", "2", "9", "10", "01", "a", "b", "z", "A", ".", "+", "~", "~~", "-", "rc", "+b1", "~deb12u1",
        ]
        func version() -> String {
            let epoch = ["", "", "", "0:", "1:", "2:"].randomElement(using: &generator) ?? ""
            let middle = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                parts.randomElement(using: &generator) ?? ""
            }
            let revision = ["", "", "-1", "-0", "-1~", "-1.1", "-a"].randomElement(using: &generator) ?? ""
            return epoch + "1" + middle.joined() + revision
        }
        var pairs: [(String, String)] = []
        while pairs.count < 3000 {
            let left = version()
            let right =
                Bool.random(using: &generator) ? version() : left + (parts.randomElement(using: &generator) ?? "")
            if DebianVersion(left) != nil, DebianVersion(right) != nil { pairs.append((left, right)) }
        }
        let folder = "/tmp/gatekeel-versions-\(getpid())"
        try Files.makeDirectories(folder)
        defer { _ = system("rm -rf \(folder)") }
        try Files.replace("\(folder)/pairs", with: pairs.map { "\($0.0) \($0.1)\n" }.joined().utf8)
        let script = """
            while read a b; do
              if dpkg --compare-versions "$a" lt "$b"; then echo lt
              elif dpkg --compare-versions "$a" eq "$b"; then echo eq
              else echo gt; fi
            done < \(folder)/pairs > \(folder)/judged
            """
        #expect(system(script) == 0)
        let judged = String(decoding: try Files.read("\(folder)/judged", limit: 1 << 20), as: UTF8.self).split(
            separator: "\n")
        #expect(judged.count == pairs.count)
        #expect(Set(judged).count == 3, "the pairs must hold all three cases")
        for (pair, word) in zip(pairs, judged) {
            let (left, right) = (try #require(DebianVersion(pair.0)), try #require(DebianVersion(pair.1)))
            let ours = left < right ? "lt" : left == right ? "eq" : "gt"
            #expect(ours == word, "\(pair.0) and \(pair.1)")
        }
    }
}
