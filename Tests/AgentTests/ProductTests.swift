import Contract
import Linux
import Testing

@Suite struct ProductTests {
    @Test func theVersionIsThatOfThePackagesChangelog() throws {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let changelog = String(
            decoding: try Files.read("\(root)/packaging/debian/changelog", limit: 1 << 20), as: UTF8.self)
        #expect(changelog.hasPrefix("gatekeel (\(Product.version)) "))
    }
}
