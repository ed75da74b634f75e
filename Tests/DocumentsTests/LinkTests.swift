import Linux
import Testing

@Suite struct LinkTests {
    /// Links to files of the repository and to headings in them.
    @Test func everyLinkLeadsSomewhere() throws {
        let documents = try Document.all
        for document in documents {
            let folder = document.path.hasPrefix("docs/") ? "docs/" : ""
            for link in document.links where !link.hasPrefix("https://") {
                let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let target =
                    parts[0].isEmpty
                    ? document.path : parts[0].hasPrefix("../") ? String(parts[0].dropFirst(3)) : folder + parts[0]
                let found = documents.first { $0.path == target }
                #expect(found != nil || target == "LICENSE", "\(document): \(link)")
                if parts.count == 2 { #expect(found?.anchors.contains(parts[1]) == true, "\(document): \(link)") }
            }
        }
    }

    /// The shipped documents are found from the first one.
    @Test func theReadmeNamesEveryGuide() throws {
        let links = Set(try Document("README.md").links)
        for document in try Document.all where document.path != "README.md" {
            #expect(links.contains(document.path), "README.md does not lead to \(document)")
        }
    }
}
