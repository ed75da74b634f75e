import JSON
import LwM2M

/// The commands of the composite operations.
extension Console {
    func composite(_ verb: String, _ words: [String]) async throws -> Outcome {
        let client = try client()
        let response =
            switch verb {
            case "read-composite": try await server.readComposite(try selection(words), client)
            case "observe-composite": try await server.observeComposite(try selection(words), client)
            case "cancel-composite": try await server.cancelComposite(client)
            default: try await server.writeComposite(try values(words), client)
            }
        var outcome = Outcome(response)
        if outcome.success, verb != "write-composite" {
            outcome.members.append(.init("values", JSON.values(of: response, server.definition(of:))))
        }
        return outcome
    }

    private func selection(_ words: [String]) throws -> PathSelection {
        var selection = PathSelection()
        for (index, text) in words.enumerated() {
            if text == "/" { selection.includesRoot = true } else { selection.add(try path(words, index)) }
        }
        guard !selection.isEmpty else { throw CommandError("PATH is missing") }
        return selection
    }

    private func values(_ words: [String]) throws -> [(Path, String)] {
        try words.map { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let path = Path(parts[0]) else { throw CommandError("'\(item)' is not PATH=VALUE") }
            return (path, String(parts[1]))
        }
    }
}
