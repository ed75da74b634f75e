/// A line of `tmpfiles.d(5)` that a release asks for: a folder or a link on the host.
struct HostLine: Hashable, Sendable {
    /// `d` or `L`, as far as Gatekeel writes them.
    let type: String
    let path: String
    /// The last field: of a link, its target.
    let last: String

    /// nil for a line without a path.
    init?(_ text: String) {
        let fields = text.split(separator: " ").map(String.init)
        guard fields.count > 1 else { return nil }
        (type, path, last) = (fields[0], fields[1], fields[fields.count - 1])
    }
}

extension ReleaseRecord {
    /// All that the release has on the host besides files: what it asks for, and what systemd makes for its units.
    var hostLines: [String] { manifestFolders + dataFolders.map { "d \($0)" } }
}
