import Glibc
import Linux
import TestSupport
import Testing

@testable import Journal

/// What `journalctl -x` shows: the text with `@NAME@` replaced by the entry's field, by systemd's rule
/// (`replace_var` of its `src/basic/replace-var.c`): a name is capital letters and underscores; all else stays as it is.
private func rendered(_ text: String, _ field: (String) -> String) -> String {
    var result = ""
    var rest = text[...]
    while let at = rest.firstIndex(of: "@") {
        result += rest[..<at]
        let name = rest[rest.index(after: at)...].prefix { ("A"..."Z").contains($0) || $0 == "_" }
        if !name.isEmpty, name.endIndex < rest.endIndex, rest[name.endIndex] == "@" {
            result += field(String(name))
            rest = rest[rest.index(after: name.endIndex)...]
        } else {
            result += "@"
            rest = rest[rest.index(after: at)...]
        }
    }
    return result + rest
}

/// The names between at signs in the entry of an event.
private func placeholders(_ event: Event) -> Set<String> {
    var names: Set<String> = []
    _ = rendered(entry(event)) {
        names.insert($0)
        return ""
    }
    return names
}

/// The entry of one event in the catalogue.
private func entry(_ event: Event) -> String {
    let parts = Event.catalogue().split(separator: "-- \(event.messageID)\n", maxSplits: 1)
    let rest = parts.count == 2 ? parts[1] : parts.first ?? ""
    return String(rest.split(separator: "\n-- ", maxSplits: 1).first ?? "")
}

/// A call of `Log.event`, `Log.warning` or `Log.error` in the sources.
private struct EventCall: CustomStringConvertible {
    let file: String
    /// `event`, `warning` or `error`.
    let function: String
    /// What stands between the parentheses.
    let arguments: String
    var description: String { "\(file): Log.\(function)(\(arguments.prefix(120)))" }

    /// The event's case; nil when it is not written out.
    var event: String? {
        let text = arguments.drop { $0.isWhitespace }
        return text.first == "." ? String(text.dropFirst().prefix { $0.isLetter || $0.isNumber }) : nil
    }

    /// An event that is not written out may be of any level.
    var level: Level {
        switch function {
        case "warning": .warning
        case "error": .error
        default: Event.allCases.first { "\($0)" == event }?.level ?? .error
        }
    }

    /// The last clause of the message.
    var lastClause: String {
        let message = arguments.components(".with(").first ?? ""
        let end = String(message).components("; ").last.map { String($0).components(". ").last } ?? nil
        return String(end ?? "")
    }

    func sends(_ field: Field) -> Bool {
        arguments.holds(", .\(field))") || arguments.holds(".with(.\(field),")
    }

    static func all(_ file: String = #filePath) throws -> [EventCall] {
        let root = "/" + file.split(separator: "/").dropLast(3).joined(separator: "/")
        var calls: [EventCall] = []
        for path in try swiftFiles(in: "\(root)/Sources") {
            let text = String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
            for function in ["event", "warning", "error"] {
                for part in text.components("Log.\(function)(").dropFirst() {
                    var depth = 1
                    let arguments = part.prefix {
                        depth += $0 == "(" ? 1 : $0 == ")" ? -1 : 0
                        return depth > 0
                    }
                    calls.append(EventCall(file: path, function: function, arguments: String(arguments)))
                }
            }
        }
        return calls
    }

    private static func swiftFiles(in folder: String) throws -> [String] {
        try Files.names(in: folder).sorted().flatMap { name -> [String] in
            if name.hasSuffix(".swift") { return ["\(folder)/\(name)"] }
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return [] }
            return try swiftFiles(in: "\(folder)/\(name)")
        }
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let range = rest.firstOccurrence(of: separator) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return parts + [rest]
    }
}

@Suite struct CatalogueTests {
    @Test(arguments: Event.allCases)
    func everyPlaceholderIsReplacedBecauseItIsAField(event: Event) {
        let names = Set(Field.allCases.map(\.rawValue))
        let text = rendered(entry(event)) { names.contains($0) ? "value of \($0.lowercased())" : "@\($0)@" }
        #expect(!text.isEmpty && !text.contains("@"), "\(event): \(text)")
        #expect(placeholders(event).isSubset(of: names))
    }

    @Test(arguments: Field.allCases)
    func fieldsHaveNamesThatTheCatalogueAndTheJournalTake(field: Field) {
        #expect(field.rawValue.allSatisfy { ("A"..."Z").contains($0) || $0 == "_" }, "\(field.rawValue)")
        // Those that begin with an underscore are the journal's own.
        #expect(!field.rawValue.hasPrefix("_") && field.rawValue.utf8.count <= 64)
    }

    @Test func theRendererFollowsSystemd() {
        #expect(rendered("a @FILE@ b@c @A1@ @@ @X@", { "<\($0)>" }) == "a <FILE> b@c @A1@ @@ <X>")
    }

    /// `journalctl -x` shows the name of a field that an entry does not have.
    @Test func theCodeThatLogsAnEventSendsTheFieldsOfItsEntry() throws {
        let calls = try EventCall.all()
        for event in Event.allCases {
            let own = calls.filter { $0.event == "\(event)" }
            #expect(!own.isEmpty, "nothing logs \(event)")
            for call in own {
                for name in placeholders(event) {
                    let field = try #require(Field(rawValue: name))
                    #expect(call.sends(field), "\(call) does not send \(name)")
                }
            }
        }
    }

    /// `journalctl` without options must be enough: the catalogue is shown with `-x` only.
    @Test func theTextOfAWarningEndsWithWhatToDo() throws {
        let beginnings = [
            "add ", "call ", "check ", "correct ", "fix ", "free ", "if it ", "look ", "reboot ", "restart ", "see ",
            "then ", "what to do: ", "'gatekeel ", "'systemctl ",
        ]
        let calls = try EventCall.all().filter { $0.level <= .warning }
        #expect(calls.count > 30)
        for call in calls {
            let clause = call.lastClause.lowercased()
            #expect(beginnings.contains { clause.hasPrefix($0) }, "\(call) ends with '\(clause)'")
        }
    }

    @Test(arguments: Event.allCases.filter { $0.level <= .warning })
    func aWarningEndsWithWhatToDo(event: Event) {
        let paragraphs = entry(event).components("\n\n").filter { !$0.allSatisfy(\.isWhitespace) }
        #expect(paragraphs.count == 3, "\(event) says what happened and what to do")
        let help = paragraphs.last ?? ""
        let advice = [
            "Check", "Correct", "Remove", "Free", "Add", "Deliver", "deliver", "gatekeel ", "chown", "adduser",
        ]
        #expect(advice.contains { String(help).holds($0) }, "\(event): \(help)")
        #expect(help.trimmingSuffix().hasSuffix("."), "\(event)")
    }
}

extension Substring {
    fileprivate func trimmingSuffix() -> Substring {
        lastIndex { !$0.isWhitespace }.map { self[...$0] } ?? ""
    }
}
