@testable import Configuration

extension FuzzTarget {
    /// The daemons' configuration: kept as a snapshot it is the same, and what is wrong has a place.
    static let configuration = FuzzTarget("configuration") { bytes in
        let snapshot = ConfigurationSnapshot(files: [.init(path: "gatekeeld.conf", bytes: bytes)])
        requireEqual(try? ConfigurationSnapshot(kept: snapshot.kept), snapshot, "a kept configuration is the same")
        checkKept(bytes)
        let first = accepted { () throws(ConfigurationError) in try AgentConfiguration.load(snapshot) }
        // A file that says nothing more changes nothing.
        let more = ConfigurationSnapshot(files: snapshot.files + [.init(path: "z.conf", bytes: [0x0A, 0x23])])
        let second = accepted { () throws(ConfigurationError) in try AgentConfiguration.load(more) }
        requireEqual(first, second, "an empty drop-in changes nothing")
        if let first { check(first) }
        do throws(ConfigurationError) {
            _ = try InstallerConfiguration.load(snapshot)
        } catch {
            require(!error.problems.isEmpty, "a refusal says why")
            let lines = bytes.count { $0 == 0x0A } + 1
            for problem in error.problems {
                require((0...lines).contains(problem.position.line), "the problem is in the file: \(problem)")
            }
        }
        checkDocument(bytes)
    }

    private static func check(_ configuration: AgentConfiguration) {
        requireEqual(
            Set(configuration.servers.map(\.shortServerID)).count, configuration.servers.count, "numbers differ")
        requireEqual(Set(configuration.servers.map(\.name)).count, configuration.servers.count, "names differ")
        require(configuration.servers.count { $0.ownsAccess } <= 1, "one server owns the lists")
    }

    private static func checkKept(_ bytes: [UInt8]) {
        guard let snapshot = try? ConfigurationSnapshot(kept: bytes) else { return }
        requireEqual(try? ConfigurationSnapshot(kept: snapshot.kept), snapshot, "what was kept is kept as the same")
    }

    /// Sections, keys and values, written again line by line, are the same.
    private static func checkDocument(_ bytes: [UInt8]) {
        let limits = IniLimits(bytes: 2048, lineBytes: 256, entries: 100, problems: 8)
        let document = IniDocument(parsing: bytes, file: "", limits: limits)
        require(document.problems.count <= limits.problems, "problems are bounded")
        require(document.sections.reduce(0) { $0 + 1 + $1.entries.count } <= limits.entries, "entries are bounded")
        let full = IniDocument(parsing: bytes, file: "")
        guard full.problems.isEmpty else { return }
        var text = ""
        for section in full.sections {
            text += "[\(section.header)]\n"
            // A backslash at the end would continue the line.
            for entry in section.entries { text += "\(entry.key)=\(entry.value)\n" }
        }
        guard !text.utf8.contains(UInt8(ascii: "\\")) else { return }
        let again = IniDocument(parsing: text.utf8, file: "")
        requireEqual(again.problems, [], "what was read is written without a problem")
        requireEqual(again.contents, full.contents, "a document is read as it was written")
    }

    /// Single values: time spans, sizes, servers' addresses, words, keys.
    static let values = FuzzTarget("values", limit: 512) { bytes in
        if let secret = KeyFile.decode(bytes) {
            require(KeyFile.lengths.contains(secret.bytes.count), "keys are bounded")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        if let span = TimeSpan.parse(text) {
            require(span >= .zero, "a span is not negative")
            requireEqual(TimeSpan.parse(TimeSpan.format(span)), span, "a span is read as it was written")
        }
        if let size = ByteSize.parse(text) {
            requireEqual(ByteSize.parse(ByteSize.format(size)), size, "a size is read as it was written")
        }
        if let words = Words.split(text) {
            let written = words.map(Words.quoted).joined(separator: " ")
            requireEqual(
                Words.split(written)?.map { Array($0.utf8) }, words.map { Array($0.utf8) }, "words are the same")
        }
        if let uri = ServerURI(text) {
            requireEqual(ServerURI(uri.description), uri, "an address is read as it was written")
            require(uri.host.utf8.allSatisfy { (0x21..<0x7F).contains($0) }, "the host is plain: \(uri)")
            require(uri.port > 0, "there is a port")
        }
        // What is shown of a value is bounded.
        require(text.shown.count <= 64, "a shown value is short")
    }
}

extension IniDocument {
    fileprivate var contents: [[String]] {
        sections.flatMap { section in [[section.header]] + section.entries.map { [$0.key, $0.value] } }
    }
}
