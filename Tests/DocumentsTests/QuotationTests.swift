import Linux
import Testing

/// Commands stand in single quotation marks in messages and man pages, and in backquotes in Markdown.
@Suite struct QuotationTests {
    private static let commands = [
        "adduser", "apt", "apt-get", "busctl", "chmod", "chown", "dmesg", "gatekeel", "gpasswd", "journalctl",
        "openssl", "smartctl",
        "systemctl",
    ]

    /// The files below a folder of the repository, with their lines.
    private static func lines(below folder: String, _ suffix: String) throws -> [(place: String, line: Substring)] {
        var found: [(String, Substring)] = []
        var folders = ["\(Document.root)/\(folder)"]
        while let folder = folders.popLast() {
            for name in try Files.names(in: folder).sorted() {
                let path = "\(folder)/\(name)"
                if try Files.isFolder(path) {
                    folders.append(path)
                } else if name.hasSuffix(suffix) {
                    let text = String(decoding: try Files.read(path, limit: 4 << 20), as: UTF8.self)
                    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                        found.append(("\(path):\(number + 1)", line))
                    }
                }
            }
        }
        return found
    }

    /// Whether a line has a command with at least one argument after one of these marks.
    private static func quotes(_ line: Substring, with marks: [String]) -> Bool {
        marks.contains { mark in commands.contains { line.contains("\(mark)\($0) ") } }
    }

    @Test func messagesHaveSingleQuotationMarks() throws {
        var isText = false
        var seen = 0
        for (place, line) in try Self.lines(below: "Sources", ".swift") {
            if line.split(separator: "\"\"\"", omittingEmptySubsequences: false).count == 2 { isText.toggle() }
            // Within a text of several lines a mark needs no backslash.
            #expect(!Self.quotes(line, with: isText ? ["\\\"", " \"", "(\""] : ["\\\""]), "\(place)")
            if Self.quotes(line, with: ["'"]) { seen += 1 }
        }
        #expect(seen > 100)
    }

    @Test func manualPagesHaveSingleQuotationMarks() throws {
        for (place, line) in try Self.lines(below: "docs/man", "") {
            // Arguments of macros stand in double ones.
            let isMacro = line.hasPrefix(".")
            #expect(isMacro || !Self.quotes(line, with: ["\"", "\\(dq"]), "\(place)")
        }
    }

    @Test func documentsHaveBackquotes() throws {
        for document in try Document.all {
            for line in document.prose {
                #expect(!Self.quotes(line, with: [" '", " \"", "('", "(\""]), "\(document): \(line)")
            }
        }
    }
}
