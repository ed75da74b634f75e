/// Source of a man page in the macros of `man(7)`, with all text escaped.
public struct ManualPage: Sendable {
    /// What has been written so far.
    public private(set) var source: String
    private var isAtHeading = false

    /// Of all pages: the day of the newest entry of `packaging/debian/changelog` (a test holds that).
    public static let date = "2026-11-21"

    /// - Parameter section: of the manual: 1, 5, 8.
    public init(title: String, section: Int) {
        source = ".TH \(Self.argument(title.uppercased())) \(section) \"\(Self.date)\" Gatekeel Gatekeel\n.nh\n.ad l\n"
    }

    /// `.SH`.
    public mutating func heading(_ text: String) {
        source += ".SH \(Self.argument(text))\n"
        isAtHeading = true
    }

    /// Text that continues the current paragraph.
    public mutating func text(_ text: String) {
        isAtHeading = false
        for line in text.wrapped(to: 76) { source += Self.line(line) + "\n" }
    }

    /// A paragraph of its own.
    public mutating func paragraph(_ text: String) {
        // A heading begins a paragraph.
        if !isAtHeading { source += ".PP\n" }
        self.text(text)
    }

    /// One line each, not filled.
    public mutating func lines(_ lines: [String]) {
        source += ".nf\n" + lines.map { Self.line($0) + "\n" }.joined() + ".fi\n"
    }

    /// `.TP`: a term in bold; its text follows.
    public mutating func item(_ term: String) { source += ".TP\n.B \(Self.argument(term))\n" }

    /// `.IP`: another paragraph under the current term.
    public mutating func indented(_ text: String) {
        source += ".IP\n"
        self.text(text)
    }

    /// What somebody wants, and below it, indented, the lines that do it.
    public mutating func example(_ text: String, _ lines: [String]) {
        paragraph(text)
        source += ".RS 4\n"
        self.lines(lines)
        source += ".RE\n"
    }

    private static func line(_ text: String) -> String {
        let escaped = escape(text)
        // A dot or an apostrophe at the start of a line would be a macro.
        return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&\(escaped)" : escaped
    }

    private static func argument(_ text: String) -> String {
        "\"\(escape(text).split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\(dq"))\""
    }

    private static func escape(_ text: String) -> String {
        text.map { character in
            switch character {
            case "\\": "\\e"
            case "-": "\\-"
            case "–": "\\(en"
            case "…": "..."
            default: String(character)
            }
        }.joined()
    }
}
