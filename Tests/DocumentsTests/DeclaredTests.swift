import Linux
import TestSupport

/// The tests of this repository that are run: those that its sources declare and that nothing turns off.
struct DeclaredTests {
    /// `module.function`: what the system tests' own runner lists without being asked for a name.
    let system: Set<String>
    /// `Suite/function`.
    let unit: Set<String>

    init() throws {
        let lines = try shell("cd '\(Document.root)'; PYTHONDONTWRITEBYTECODE=1 python3 Tests/System/run --list")
        system = Set(lines.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) })
        // Only the lines that matter: all of them would take seconds in a debug build.
        let declarations = "@Suite|@Test|func |\\.disabled|\\.enabled|^[a-z ]*(struct|extension) "
        unit = Self.unit(
            in: try shell("cd '\(Document.root)/Tests'; grep -rhE '\(declarations)' --include='*Tests.swift' ."))
    }

    /// The functions with `@Test` in a source file, by the suites or extensions at the beginning of a line around them.
    /// Those with a condition (`.disabled`, `.enabled`), of their own or of their suite, are left out.
    static func unit(in text: String) -> Set<String> {
        var found: Set<String> = []
        var suite: (name: String, isConditional: Bool)?
        // The text from an attribute on, until the declaration that it is for.
        var attribute = ""
        for line in text.split(separator: "\n") {
            if line.holds("@Test") || line.holds("@Suite") { attribute = "" }
            attribute += line
            let isTop = line.first.map { !$0.isWhitespace } == true
            if isTop, let name = name(after: "struct ", in: line) ?? name(after: "extension ", in: line) {
                suite = (name, isConditional(attribute))
                attribute = ""
            } else if let name = name(after: "func ", in: line) {
                if let suite, !suite.isConditional, attribute.holds("@Test"), !isConditional(attribute) {
                    found.insert("\(suite.name)/\(name)")
                }
                attribute = ""
            }
        }
        return found
    }

    private static func isConditional(_ attribute: String) -> Bool {
        attribute.holds(".disabled") || attribute.holds(".enabled")
    }

    private static func name(after keyword: String, in line: Substring) -> String? {
        guard let range = line.firstOccurrence(of: keyword) else { return nil }
        let name = line[range.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        return name.isEmpty ? nil : String(name)
    }
}
