import Glibc
import JSON
import Linux
import Packages

/// `package suggest`, and `package sign --suggest`.
extension PackageFileCommands {
    func suggest() throws(Failure) -> ExitCode {
        let suggestion = try made()
        if console.isJSON {
            console.json(Self.json(suggestion))
        } else {
            console.text(suggestion.manifest)
            show(suggestion)
        }
        return suggestion.notUnderstood.isEmpty ? .done : .notUnderstood
    }

    /// Refuses options that do not fit each other, before anything is read.
    func checkSuggestOptions() throws(Failure) {
        guard invocation.has("suggest") else {
            if invocation.has("yes") { throw Failure(.usage, "--yes has a meaning with --suggest only") }
            return
        }
        if invocation.has("manifest") {
            throw Failure(.usage, "--suggest makes the manifest that --manifest would attach; give one of both")
        }
        if !invocation.has("yes"), ask == nil || console.isJSON {
            throw Failure(
                .usage,
                "--suggest asks on a terminal; without one, look at 'gatekeel package suggest \(file)' first, then add --yes"
            )
        }
    }

    /// The manifest that `--suggest` asks for, shown and confirmed; nil without this option.
    func suggestedToSign() throws(Failure) -> ManifestSuggestion? {
        guard invocation.has("suggest") else { return nil }
        let suggestion = try made()
        if !console.isJSON {
            console.text(suggestion.isNeeded ? suggestion.manifest : "")
            show(suggestion)
            if !suggestion.isNeeded { console.line("\(file) needs no manifest") }
        }
        let count = suggestion.notUnderstood.count
        let lines = count == 1 ? "1 line was" : "\(count) lines were"
        if invocation.has("yes") {
            guard count == 0 else {
                throw Failure(
                    .notUnderstood,
                    "\(lines) not understood, so nothing is signed; write 'gatekeel package suggest \(file)' to a file, complete it, and sign with --manifest"
                )
            }
        } else if let ask {
            let doubt = count > 0 ? ", although \(lines) not understood" : ""
            guard ask("Sign \(file)\(suggestion.isNeeded ? " with this manifest" : "")\(doubt)? [y/N] ") else {
                throw Failure(.failed, "nothing is signed")
            }
        }
        return suggestion
    }

    private func made() throws(Failure) -> ManifestSuggestion {
        do {
            let package = try DebFile(path: file, .ignored)
            if package.container.manifest != nil, invocation.command == .packageSign {
                throw Failure(
                    .usage,
                    "\(file) has a manifest already, which signing keeps; to replace it, write 'gatekeel package suggest' to a file and give it with --manifest"
                )
            }
            let suggestion = try package.suggestion()
            _ = try PackageManifest(parsing: Array(suggestion.manifest.utf8), file: "the suggested manifest")
            return suggestion
        } catch {
            throw Self.failure(error)
        }
    }

    private func show(_ suggestion: ManifestSuggestion) {
        for remark in suggestion.leftOut { console.complain("left out: \(remark)") }
        for remark in suggestion.notUnderstood { console.complain("not understood: \(remark)") }
    }

    static func json(_ suggestion: ManifestSuggestion) -> JSON {
        func list(_ remarks: [SuggestionRemark]) -> JSON {
            .array(
                remarks.map {
                    [
                        "file": .string($0.file), "line": .number(.init($0.line)), "text": .string($0.text),
                        "reason": .string($0.reason),
                    ]
                })
        }
        return [
            "manifest": .string(suggestion.manifest), "needed": .bool(suggestion.isNeeded),
            "not-understood": list(suggestion.notUnderstood), "left-out": list(suggestion.leftOut),
        ]
    }

    static var terminal: ((String) -> Bool)? { Terminal.isTerminal(0) ? { answer($0) } : nil }

    /// Asks on the terminal; everything but `y` and `yes` is a no.
    private static func answer(_ question: String) -> Bool {
        print(question, terminator: "")
        fflush(nil)
        let answer = readLine() ?? ""
        return ["y", "yes"].contains(answer.lowercased())
    }
}
