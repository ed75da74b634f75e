import JSON

/// What a JSON document of `gatekeel --json` looks like.
indirect enum Shape: Sendable {
    case text
    /// One of these texts.
    case choice([String])
    case integer
    case boolean
    /// A text, a number or a boolean.
    case scalar
    case null
    case list(Shape)
    case object([Member])
    /// A shape that is described once.
    case named(Named)
    case either(Shape, Shape)

    struct Member: Sendable {
        let name: String
        let shape: Shape
        let meaning: String

        init(_ name: String, _ shape: Shape, _ meaning: String) {
            self.name = name
            self.shape = shape
            self.meaning = meaning
        }
    }

    /// For the table.
    var type: String {
        switch self {
        case .text: "text"
        case .choice(let texts): texts.map { "`\($0)`" }.joined(separator: ", ")
        case .integer: "integer"
        case .boolean: "boolean"
        case .scalar: "text, number or boolean"
        case .null: "null"
        case .list(let element): "array of \(element.type)"
        case .object: "object"
        case .named(let named): "[\(named.rawValue)](#\(named.rawValue))"
        case .either(let first, let second): "\(first.type) or \(second.type)"
        }
    }

    /// What of a value is not as the shape says: a path and a text each. Members that are missing or unknown count.
    func differences(_ value: JSON, at path: String = "") -> [String] {
        switch (self, value) {
        case (.text, .string), (.boolean, .bool), (.null, .null), (.scalar, .string), (.scalar, .number),
            (.scalar, .bool):
            return []
        case (.choice(let texts), .string(let text)): return texts.contains(text) ? [] : ["\(path): '\(text)'"]
        case (.integer, .number(let number)): return number.int64 == nil ? ["\(path): no integer"] : []
        case (.list(let element), .array(let elements)):
            return elements.enumerated().flatMap { element.differences($1, at: "\(path)[\($0)]") }
        case (.named(let named), _): return Shape.object(named.members).differences(value, at: path)
        case (.either(let first, let second), _):
            let one = first.differences(value, at: path)
            return one.isEmpty || second.differences(value, at: path).isEmpty ? [] : one
        case (.object(let members), .object(let found)):
            let known = members.map(\.name)
            return found.filter { !known.contains($0.name) }.map { "\(path).\($0.name): not described" }
                + members.flatMap { member in
                    value[member.name].map { member.shape.differences($0, at: "\(path).\(member.name)") }
                        ?? ["\(path).\(member.name): missing"]
                }
        default: return ["\(path): expected \(type)"]
        }
    }
}

/// The documents of `gatekeel --json`, as `docs/json.md` describes them.
enum JSONReference {
    struct Document: Sendable {
        /// `status`, `packages NAME`.
        let command: String
        let shape: Shape
        let note: String

        init(_ command: String, _ shape: Shape, _ note: String = "") {
            self.command = command
            self.shape = shape
            self.note = note
        }
    }

    static let documents: [Document] = [
        Document("status", .named(.status), "With `--check` it is the same document; the exit code tells the rest."),
        Document("objects", .list(.named(.object))),
        Document("read PATH", .list(.named(.value))),
        Document("packages", .list(.named(.package))),
        Document("packages NAME", .named(.package)),
        Document("history", .list(.named(.deployment)), "The newest first."),
        Document("history NAME", .list(.named(.deployment)), "Those of one package, the newest first."),
        Document("history ID", .named(.deployment)),
        Document("staged", .list(.named(.staged))),
        Document(
            "install, remove, activate, deactivate, rollback, watch", .named(.deployment),
            "Written when the deployment has ended, well or badly."),
        Document(
            "install --no-wait", .object([.init("id", .text, "identifier of the deployment that has begun")]),
            "The same for `remove`, `activate`, `deactivate` and `rollback`."),
        Document("links", .list(.named(.link))),
        Document(
            "link NAME",
            .object(
                Named.linkMembers + [
                    .init("radio", .either(.named(.radio), .null), "of a radio: what it may use, and saw")
                ])),
        Document("access", .list(.named(.access)), "Empty while there are not several servers."),
        Document("send PATH", .list(.named(.sent)), "One for each server."),
        Document("cancel, reconnect, reload, discard, time reset", .object([.init("done", .boolean, "always true")])),
        Document(
            "package sign",
            .object([
                .init("file", .text, "the signed package"),
                .init("signer", .text, "subject of the signer's certificate"),
                .init("suggestion", .either(.named(.suggestion), .null), "with `--suggest`"),
            ])),
        Document("package suggest", .named(.suggestion)),
        Document("package verify", .list(.named(.signer)), "One for each signature."),
        Document("package info", .named(.file)),
        Document("keyring list", .list(.named(.certificate))),
        Document("keyring add, keyring remove", .list(.text), "Subjects of the certificates."),
        Document("config check", .named(.configuration)),
        Document(
            "diagnose",
            .object([
                .init("file", .text, "the archive"), .init("contents", .list(.text), "names of the files in it"),
            ])),
    ]

    /// `docs/json.md`.
    static var page: String {
        var lines = [
            "# JSON of the command line", "",
            "With `--json` every command writes one JSON document to standard output. Documents may gain members in later",
            "releases: ignore those that you do not know. Members are never removed and never change their meaning within a",
            "major version. Times are seconds since the epoch, 0 for none. Absent texts are empty.", "",
            "This page is generated from the table that a test holds the output of the commands against.", "",
            "On a terminal the document is indented; otherwise it is one line. `log --json` writes the entries of",
            "`journalctl --output=json`, one a line; `metrics` writes Prometheus's text format only.", "",
            "A command that fails without a document of its own writes", "", "```json",
            #"{"error":{"code":69,"name":"unavailable","text":"gatekeeld does not answer: …"}}"#, "```", "",
            "| member | type | meaning |", "|---|---|---|",
        ]
        lines += rows(Named.error.members)
        lines += [
            "", "`code` is also the exit code; `gatekeel(1)` lists them. Warnings go to standard error as text.", "",
        ]
        lines += ["## Documents", ""]
        for document in documents {
            lines += ["### `gatekeel --json \(document.command)`", ""]
            if !document.note.isEmpty { lines += [document.note, ""] }
            if case .object(let members) = document.shape {
                lines += ["| member | type | meaning |", "|---|---|---|"] + rows(members) + [""]
            } else {
                let type = document.shape.type
                lines += [(type.first == "[" ? type : type.prefix(1).uppercased() + type.dropFirst()) + ".", ""]
            }
        }
        lines += ["## Objects in them", ""]
        for named in Named.allCases where named != .error {
            lines += ["### \(named.rawValue)", "", "| member | type | meaning |", "|---|---|---|"]
            lines += rows(named.members) + [""]
        }
        return lines.dropLast().joined(separator: "\n") + "\n"
    }

    private static func rows(_ members: [Shape.Member]) -> [String] {
        members.map { "| `\($0.name)` | \($0.shape.type) | \($0.meaning) |" }
    }
}
