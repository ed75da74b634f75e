@testable import Packages

extension FuzzTarget {
    /// A policy of the message bus: written again from its rules, it has the same.
    static let busPolicy = FuzzTarget("bus-policy") { bytes in
        guard let policy = accepted({ () throws(BusPolicy.Refusal) in try BusPolicy(parsing: bytes) }) else { return }
        require(policy.rules.count <= PackageLimits.busRules, "rules are bounded")
        // A value has one kind of quotes at most; that with the other is not worth a second way of writing.
        guard !policy.rules.contains(where: { $0.content.contains { $0.contains("'") } }) else { return }
        var text = "<busconfig>"
        for rule in policy.rules {
            let subject =
                switch rule.subject {
                case .everyone: "context=\"default\""
                case .console: "at_console=\"true\""
                case .user(let name): "user='\(name)'"
                case .group(let name): "group='\(name)'"
                }
            let attributes = rule.attributes.map { " \($0.key)='\($0.value)'" }.joined()
            text += "<policy \(subject)><\(rule.isAllowed ? "allow" : "deny")\(attributes)/></policy>"
        }
        text += "</busconfig>"
        let again = requireSuccess("a written policy is read: \(text)") { () throws(BusPolicy.Refusal) in
            try BusPolicy(parsing: Array(text.utf8))
        }
        requireEqual(again.rules.map(\.content), policy.rules.map(\.content), "a policy is read as it was written")
    }

    /// A file that lets the bus start a service: what the host gets has the name and the unit, and no program.
    static let busActivation = FuzzTarget("bus-activation", limit: 1024) { bytes in
        func parse(_ bytes: [UInt8]) throws(BusPolicy.Refusal) -> BusActivation {
            try BusActivation(parsing: bytes, at: "", own: { $0.type == .service })
        }
        guard let activation = accepted({ () throws(BusPolicy.Refusal) in try parse(bytes) }) else { return }
        require(BusName.isValid(activation.name) && UnitName(activation.unit) != nil, "names are names")
        let again = requireSuccess("a written activation is read") { () throws(BusPolicy.Refusal) in
            try parse(Array(activation.text.utf8))
        }
        requireEqual(again, activation, "an activation is read as it was written")
        requireEqual(activation.text.utf8.count { $0 == 0x0A }, 5, "its text has five lines")
    }

    /// A maintainer script: the suggested manifest is one, whatever the script says. The script audit bounds its reasons.
    static let script = FuzzTarget("script", limit: 2048) { bytes in
        var script = bytes
        if !script.starts(with: "#!".utf8) { script = Array("#!/bin/sh\n".utf8) + script }
        for name in ["postinst", "preinst", "prerm"] {
            let files = [name: script]
            let audit = ScriptAudit(files, package: "foo", skips: { _ in false })
            require(audit.findings.listed.count <= 2 * PackageLimits.findings + 2, "findings are bounded")
            var facts = SuggestionFacts()
            facts.package = "foo"
            let suggestion = ManifestSuggestion(controlFiles: files, facts: facts, title: "foo 1.0")
            checkManifest(suggestion.manifest)
        }
    }

    private static func checkManifest(_ text: String) {
        do {
            _ = try PackageManifest(parsing: Array(text.utf8))
        } catch {
            // A place or a group that no package may have: the operator reads that from the manifest's check.
            for problem in error.problems {
                require(!problem.key.isEmpty, "the suggestion is a manifest: \(problem)\n\(text)")
            }
        }
    }
}

extension BusPolicy.Rule {
    fileprivate var content: [String] {
        ["\(subject)", "\(isAllowed)"] + attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }
}
