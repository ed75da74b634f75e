import Linux

/// A Markdown document of the repository.
struct Document: Sendable, CustomStringConvertible {
    /// From the repository's root: `docs/fleet.md`.
    let path: String
    private let lines: [Substring]

    /// A fenced code block.
    struct Block: Hashable, Sendable {
        /// What follows the fence: `sh`, `ini gatekeel.manifest`.
        let info: String
        let text: String
    }

    var description: String { path }

    init(_ path: String) throws {
        self.path = path
        let bytes = try Files.read("\(Self.root)/\(path)", limit: 1 << 20)
        lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The repository's root.
    static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// Every document that users read: those of the root and of docs/.
    static var all: [Document] {
        get throws {
            let names = try Files.names(in: root).sorted()
            let guides = try Files.names(in: "\(root)/docs").sorted().map { "docs/\($0)" }
            return try (names + guides).filter { $0.hasSuffix(".md") }.map { try Document($0) }
        }
    }

    /// The fenced code blocks, in order.
    var blocks: [Block] {
        var found: [Block] = []
        var info: String?
        var text: [Substring] = []
        for line in lines {
            if !line.hasPrefix("```") {
                if info != nil { text.append(line) }
            } else if let opened = info {
                found.append(Block(info: opened, text: text.map { $0 + "\n" }.joined()))
                info = nil
            } else {
                info = String(line.dropFirst(3))
                text = []
            }
        }
        return found
    }

    /// The lines outside of code blocks.
    var prose: [Substring] {
        var isCode = false
        return lines.filter { line in
            guard line.hasPrefix("```") else { return !isCode }
            isCode.toggle()
            return false
        }
    }

    /// The texts between backticks.
    var spans: [String] {
        prose.flatMap { line in
            line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.map { String($0.element) }
        }
    }

    /// The targets of links: `[text](target)`.
    var links: [String] {
        var found: [String] = []
        for line in prose {
            let pieces = line.split(separator: "(", omittingEmptySubsequences: false)
            for (before, piece) in zip(pieces, pieces.dropFirst()) where before.hasSuffix("]") {
                if let end = piece.firstIndex(of: ")") { found.append(String(piece[..<end])) }
            }
        }
        return found
    }

    /// The headings as links name them: lower case, blanks as hyphens, other signs left out.
    var anchors: Set<String> {
        Set(
            prose.filter { $0.hasPrefix("#") }.map { heading in
                let text = heading.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
                let kept = text.filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
                return String(kept.map { $0 == " " ? "-" : $0 })
            })
    }
}
