import Archive
import Configuration
import Linux

/// What a suggestion needs to know of a package's files.
struct SuggestionFacts: Sendable {
    enum Kind: Hashable, Sendable { case folder, file, link }

    /// An entry of `data.tar`.
    struct Entry: Hashable, Sendable {
        var kind: Kind
        var mode: UInt32
        var owner: String
        var group: String
    }

    /// By the path on the host, as `Place` writes it.
    private(set) var entries: [String: Entry] = [:]
    /// The text of files that a script may read with `.`.
    var texts: [String: [UInt8]] = [:]
    /// The folders of units (`StateDirectory=` and similar), and those of `tmpfiles.d(5)` files.
    var folders: Set<String> = []
    /// Users and groups of `sysusers.d(5)` files.
    var accounts: Set<String> = []
    /// The defaults of debconf's questions.
    var answers: [String: String] = [:]
    var package = ""

    mutating func add(_ entry: ArchiveEntry) {
        guard let path = Self.normal("/\(entry.path)"), path != "/" else { return }
        let kind: Kind
        switch entry.kind {
        case .directory: kind = .folder
        case .symbolicLink: kind = .link
        default: kind = .file
        }
        let owner = entry.owner == 0 ? "root" : entry.ownerName
        let group = entry.group == 0 ? "root" : entry.groupName
        entries[path] = Entry(kind: kind, mode: UInt32(entry.mode) & 0o7777, owner: owner, group: group)
    }

    /// The path without `.`, empty parts and a slash at its end; nil for a relative one and one with `..`.
    static func normal(_ path: String) -> String? { Place(path).map { "/" + $0.names.joined(separator: "/") } }

    /// Reads the file `templates` of debconf.
    mutating func takeTemplates(_ bytes: [UInt8]) {
        var name = ""
        for line in String(decoding: bytes.prefix(1 << 20), as: UTF8.self).split(separator: "\n") {
            if let text = String(line).dropPrefix("Template:") {
                name = text.trimmed
                if answers.count < 1000 { answers[name] = "" }
            } else if let text = String(line).dropPrefix("Default:"), answers[name] != nil {
                answers[name] = text.trimmed
            }
        }
    }

    /// The entries beneath a folder.
    func beneath(_ folder: String) -> [(path: String, entry: Entry)] {
        let prefix = folder + "/"
        return entries.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

extension SuggestionFacts {
    private static let units = "usr/lib/systemd/system/"
    private static let lines = ["usr/lib/tmpfiles.d/", "usr/lib/sysusers.d/"]

    /// Whether the text of an entry says something that is needed.
    ///
    /// - Parameter scripts: the maintainer scripts. What they name they may read.
    static func isRead(_ entry: ArchiveEntry, scripts: String) -> Bool {
        guard entry.kind == .file, entry.size <= PackageAudit.contentLimit else { return false }
        let path = entry.path.hasPrefix("lib/") ? "usr/\(entry.path)" : entry.path
        return isSourced(path) && scripts.holds("/\(path)") || path.hasPrefix("etc/default/") || path.hasPrefix(units)
            || lines.contains { path.hasPrefix($0) }
    }

    private static func isSourced(_ path: String) -> Bool { path.hasPrefix("etc/") || path.hasPrefix("usr/share/") }

    /// Takes the text of an entry that `isRead`.
    mutating func take(_ bytes: [UInt8], of entry: ArchiveEntry) {
        let path = entry.path.hasPrefix("lib/") ? "usr/\(entry.path)" : entry.path
        if Self.isSourced(path) {
            texts["/\(path)"] = bytes
        } else if let name = path.dropPrefix(Self.units).flatMap({ UnitName($0) }) {
            folders.formUnion(HostProvision.folders(ofUnit: name, [bytes]))
        } else if path.hasPrefix(Self.lines[0]) {
            for read in TmpfilesLine.read(bytes) {
                if case .success(let line) = read.line, line.makesFolder { folders.insert(line.path) }
            }
        } else if path.hasPrefix(Self.lines[1]) {
            for line in LineText.lines(bytes) {
                switch (try? SysusersLine(line.text))?.entry {
                case .user(let name, _, _, _, _, _), .group(let name, _): accounts.insert(name)
                default: break
                }
            }
        }
    }
}
