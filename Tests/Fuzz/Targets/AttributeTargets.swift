import LwM2M

extension FuzzTarget {
    /// Write-Attributes: a line for each query. What is set is told by Discover, and is set again by what Discover tells.
    static let attributes = FuzzTarget("attributes", limit: 1024) { bytes in
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        let queries = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for path in [
            Path(3), Path(3, 0), Path(3, 0, 0), Path(3, 0, 9), Path(3, 0, 103), Path(3, 0, 4), Path(3, 0, 6, 0),
        ] {
            for version in EnablerVersion.allCases { checkQueries(queries, path, version) }
        }
    }

    /// Properties of the queries of a Write-Attributes.
    static func checkQueries(_ queries: [String], _ path: Path, _ version: EnablerVersion) {
        func update(_ queries: [String]) throws(AttributeUpdate.Refused) -> AttributeUpdate {
            try AttributeUpdate(queries, at: path, FuzzObjects.device, version)
        }
        guard let first = accepted({ () throws(AttributeUpdate.Refused) in try update(queries) }) else { return }
        let set = first.applied(to: Attributes())
        require(
            set.changeConditionsAreValid && set.evaluationPeriodsAreValid, "attributes of one request agree: \(set)")
        requireEqual(first.applied(to: set), set, "the same once more changes nothing")
        let told = set.linkParameters.map { "\($0.name)=\($0.value ?? "")" }
        if !told.isEmpty {
            let again = requireSuccess("what Discover tells is taken: \(told)") { () throws(AttributeUpdate.Refused) in
                try update(told)
            }
            requireEqual(again.applied(to: Attributes()), set, "attributes are read as they were told")
        }
        let names = set.linkParameters.map(\.name)
        if !names.isEmpty {
            let cleared = requireSuccess("a name alone is taken") { () throws(AttributeUpdate.Refused) in
                try update(names)
            }
            require(cleared.applied(to: set).isEmpty, "a name alone unsets")
        }
    }

    /// The arguments of an Execute: each digit once, and each value what the grammar allows.
    static let executeArguments = FuzzTarget("execute-arguments", limit: 1024) { bytes in
        let list = accepted { () throws(ExecuteArgument.Malformed) in try ExecuteArgument.list(bytes) }
        guard let list else { return }
        requireEqual(Set(list.map(\.digit)).count, list.count, "each digit is there once")
        let written = list.map { argument in "\(argument.digit)" + (argument.value.map { "='\($0)'" } ?? "") }
            .joined(separator: ",")
        let again = requireSuccess("written arguments are read") { () throws(ExecuteArgument.Malformed) in
            try ExecuteArgument.list(Array(written.utf8))
        }
        requireEqual(again, list, "arguments are read as they were written")
        // Only blanks after a comma are left out.
        requireEqual(
            Array(written.utf8).filter { $0 != 0x20 }, bytes.filter { $0 != 0x20 }, "nothing else is left out")
    }

    /// Links: what is written is read as the same.
    static let linkFormat = FuzzTarget("link-format") { bytes in
        guard let links = accepted({ () throws(LinkFormat.Malformed) in try LinkFormat.decode(bytes) }) else { return }
        let written = LinkFormat.encode(links)
        let again = requireSuccess("written links are read") { () throws(LinkFormat.Malformed) in
            try LinkFormat.decode(written)
        }
        requireEqual(again, links, "links are read as they were written")
        requireEqual(LinkFormat.encode(again), written, "byte by byte")
    }

    /// A path: its text is the only one.
    static let path = FuzzTarget("path", limit: 64) { bytes in
        guard let text = String(validating: bytes, as: UTF8.self), let path = Path(text) else { return }
        requireEqual(Array(path.description.utf8), bytes, "a path has one text")
    }
}
