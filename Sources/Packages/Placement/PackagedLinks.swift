/// The symbolic links that a package makes on the host, below /etc.
struct PackagedLinks: Sendable {
    /// The targets, by the absolute path of the link.
    private var targets: [String: String] = [:]
    private static let limit = 40

    mutating func add(_ path: String, target: String) { targets[path] = target }

    /// The paths of the links.
    var keys: Dictionary<String, String>.Keys { targets.keys }

    /// `tmpfiles.d(5)` makes a link where nothing is.
    var tmpfilesLines: [String] { sorted.map { "L \($0.key) - - - - \($0.value)" } }

    private var sorted: [(key: String, value: String)] { targets.sorted { $0.key < $1.key } }

    /// Links that lead to where the package could not put a file itself.
    var findings: FindingList {
        var findings = FindingList()
        for (path, target) in sorted {
            guard let why = refusal(path, target) else { continue }
            findings.add(
                Finding(.refused, .unsupported, String(path.dropFirst()), "it links to '\(target)': \(why)"))
        }
        return findings
    }

    /// What is refused because it is a link of the package itself, or below one.
    ///
    /// - Parameters:
    ///   - path: absolute.
    ///   - file: for the finding: what names the path.
    func finding(leading path: String, of file: String) -> Finding? {
        guard let link = link(above: path, orAt: true) else { return nil }
        let subject = file == path ? "it" : "'\(path)'"
        return Finding(
            .refused, .unsupported, file.hasPrefix("/") ? String(file.dropFirst()) : file,
            "'\(link)' is a link of the package, so \(subject) would be elsewhere; use the path that it leads to, or a folder instead of the link"
        )
    }

    /// The first link on the way to a path.
    private func link(above path: String, orAt isIncluded: Bool) -> String? {
        guard !targets.isEmpty, let place = Place(path) else { return nil }
        let depth = isIncluded ? place.names.count : place.names.count - 1
        guard depth > 0 else { return nil }
        return (1...depth).lazy.map { "/" + place.names.prefix($0).joined(separator: "/") }
            .first { targets[$0] != nil }
    }

    private func refusal(_ path: String, _ target: String) -> String? {
        if let link = link(above: path, orAt: false) {
            return "'\(link)' is a link of the package as well; use the path that it leads to"
        }
        var (path, target) = (path, target)
        for _ in 0..<Self.limit {
            if case .refused(let why) = LinkTarget.verdict(ofLinkAt: path, to: target) { return why }
            guard let place = LinkTarget.resolved(target, from: path), let link = link(above: place, orAt: true),
                let next = targets[link]
            else { return nil }
            let rest = place.utf8.dropFirst(link.utf8.count)
            (path, target) = (link, next + String(Substring(rest)))
        }
        return "it leads in a circle; remove a link"
    }
}
