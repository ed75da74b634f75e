import Linux
import TestSupport
import Testing

@Suite struct ManualPageTests {
    private var pages: [String] { get throws { try Files.names(in: "\(Document.root)/docs/man").sorted() } }

    /// All pages have the date of the newest entry of the package's changelog.
    @Test func everyPageHasTheDateOfTheRelease() throws {
        let date = try shell(
            "date -u -d \"$(dpkg-parsechangelog -l '\(Document.root)/packaging/debian/changelog' -S Date)\" +%F")
        for page in try pages {
            let text = try Files.read("\(Document.root)/docs/man/\(page)", limit: 1 << 20)
            let title = String(decoding: text.prefix { $0 != 0x0a }, as: UTF8.self)
            #expect(title.hasPrefix(".TH ") && title.holds("\"\(date.prefix(10))\""), "\(page): \(title)")
        }
    }

    @Test func everyPageHasExamples() throws {
        for page in try pages {
            let text = String(
                decoding: try Files.read("\(Document.root)/docs/man/\(page)", limit: 1 << 20), as: UTF8.self)
            #expect(text.holds(".SH EXAMPLES\n") || text.holds(".SH \"EXAMPLES\"\n"), "\(page)")
        }
    }
}
