/// Holds a package's lines of `tmpfiles.d(5)` to its own places: systemd-tmpfiles runs them as root, and again at every boot.
struct TmpfilesAudit {
    /// A file of lines.
    struct File: Sendable {
        var path: String
        var bytes: [UInt8]
    }

    private struct Located {
        var file: String
        var number: Int
        var line: TmpfilesLine
    }

    /// The package's names.
    let names: OwnNames
    let tree: PackagedPaths
    private(set) var findings = FindingList()
    private(set) var places: Set<HostProvision.Place> = []
    /// What lines make, as `HostProvision.lines` has it.
    private(set) var made: [String] = []

    private var lines: [Located] = []
    /// What the package itself puts on the host: its folders, conffiles and links, and what systemd makes for its units.
    private let declared: Set<String>
    /// Folders that systemd gives to the services.
    private let ofServices: Set<String>
    /// Lines that make something.
    private var created: [TmpfilesLine] = []
    private var links: Set<String> = []
    /// Folders in which others than root may write by the lines, and files that they may write.
    private(set) var given = WritablePaths()
    /// These, and all that systemd makes for the services.
    private var writable = WritablePaths()

    /// - Parameters:
    ///   - paths: paths that the package has on the host in another way than by lines.
    ///   - writable: folders that systemd gives to the services.
    init(
        names: OwnNames, tree: PackagedPaths, declared paths: some Sequence<String>,
        writable folders: some Sequence<String>
    ) {
        self.names = names
        self.tree = tree
        declared = Set(paths)
        ofServices = Set(folders)
        for folder in folders { writable.add(folder, of: "its services") }
    }

    /// Audits all files of the package.
    ///
    /// - Parameter others: lines that Gatekeel makes of the manifest and the payload. They were audited there, and only say
    ///   who may write where.
    mutating func audit(_ files: [File], others: [String]) {
        var packaged: [TmpfilesLine] = []
        for text in others {
            let line: TmpfilesLine
            // systemd would read something, and nothing would have checked that.
            do throws(TmpfilesLine.Problem) {
                line = try TmpfilesLine(Array(text.utf8))
            } catch {
                refuse(text.split(separator: " ").dropFirst().first.map(String.init) ?? "", 0, error.text)
                continue
            }
            note(line)
            packaged.append(line)
            // A colon leaves what is there as it is.
            let isKept = text.split(separator: " ").contains { $0.hasPrefix(":") }
            if line.makesFolder || line.type == "f", !isKept,
                let place = HostProvision.Place(holding: line.path, names: names)
            {
                places.insert(place)
            }
        }
        for file in files {
            for read in TmpfilesLine.read(file.bytes) {
                switch read.line {
                case .success(let line):
                    lines.append(Located(file: file.path, number: read.number, line: line))
                    note(line)
                case .failure(let problem): refuse(file.path, read.number, problem.text)
                }
            }
        }
        for line in packaged {
            guard let text = exchanged(line) ?? missing(line) else { continue }
            // What is made elsewhere is a link to a place of the package's, or an empty folder. Debian's freeradius needs such links.
            findings.add(Finding(.warning, .unsupported, line.path, text))
        }
        for located in lines { judge(located) }
        made = Array(Set(made)).sorted()
    }

    /// Remembers what a line makes, for the lines after and before it: systemd-tmpfiles sorts them by their paths.
    private mutating func note(_ line: TmpfilesLine) {
        if line.type == "L" { links.insert(line.path) }
        if line.action == .create { created.append(line) }
        // Lines that change a folder give it away as well; with wildcards, whatever is in the folder before them.
        guard let user = Self.user(of: line) else { return }
        // Of a line that changes something it does not say which of both that is.
        if !line.makesFolder { given.add(file: line.path, of: user) }
        guard !"fp".contains(line.type) else { return }
        given.add(line.path, of: user)
        writable.add(Self.fixed(line.path), of: user)
    }

    /// Who else than root may write in a folder or file after a line; nil if nobody.
    private static func user(of line: TmpfilesLine) -> String? {
        if "aA".contains(line.type) { return "others" }
        guard line.makesFolder || "zZefpC".contains(line.type) else { return nil }
        return WritablePaths.user(
            owner: line.owner ?? "root", group: line.group ?? "root", mode: line.mode ?? 0o755)
    }

    /// The path, or the folder before the first wildcard in it.
    private static func fixed(_ path: String) -> String {
        let parts = path.split(separator: "/").prefix { !hasWildcard(String($0)) }
        return "/" + parts.joined(separator: "/")
    }

    private mutating func judge(_ located: Located) {
        let line = located.line
        if let text = refusal(line) { return refuse(located.file, located.number, "'\(line.path)': \(text)") }
        if line.type == "C", let source = line.argument, tree.holds(source) {
            findings.add(
                Finding(
                    .warning, .unsupported, located.file, line: located.number,
                    "systemd-tmpfiles runs on the host and does not find \(source), which is only in the package; this line fails"
                ))
        }
        guard let place = Self.place(line.path) else { return }
        // Nobody's names are in folders that are open to all.
        if line.action != .exempt, !SharedFolder.isOpenToAll(place.folder) {
            places.insert(HostProvision.Place("\(place.folder)/\(place.name)", isNamed: names.match(place.name)))
        }
        guard line.action == .create else { return }
        if line.makesFolder {
            made.append("d \(line.path)")
        } else if line.type == "L" {
            made.append("L \(line.path) \(line.argument ?? "")")
        } else {
            made.append("f \(line.path)")
        }
    }

    private static func place(_ path: String) -> (folder: String, name: String)? { SharedFolder.split(path) }
    private static func hasWildcard(_ text: String) -> Bool { text.contains { "*?[".contains($0) } }

    // MARK: Rules

    private func refusal(_ line: TmpfilesLine) -> String? {
        if line.action == .device {
            return
                "a package makes no device nodes; let the unit have the device with DeviceAllow= and a udev rule of the host"
        }
        if let text = LinePlaces.refusal(line.path) { return text }
        guard let place = Self.place(line.path) else { return LinePlaces.refusal(line.path) }
        return ownership(line, place) ?? privileges(line) ?? target(line) ?? way(line)
    }

    /// What is not made by the line must be the package's.
    private func ownership(_ line: TmpfilesLine, _ place: (folder: String, name: String)) -> String? {
        let isNamed =
            if line.action == .exempt {
                names.match(exempt: place.name)
            } else {
                line.takesGlob ? names.match(glob: place.name) : names.match(place.name)
            }
        if isNamed { return nil }
        if line.takesGlob, Self.hasWildcard(place.name) {
            return
                "the pattern can match what is not the package's; begin it with the package's name and a '-' or '.', or put the wildcard below a folder of the package"
        }
        if SharedFolder.isOpenToAll(place.folder) {
            return "everybody has names in \(place.folder); begin this one with a name of the package"
        }
        if line.action == .create, !line.removes { return nil }
        // Where the package only makes a folder of any name, another package may have it later. /run is empty then.
        let isOwn =
            Self.holds(declared, place)
            || (!line.removes || place.folder.hasPrefix("/run")) && Self.holds(made(but: line), place)
        return isOwn
            ? nil
            : "the line changes or removes what is not the package's; name a folder after the package, or make it with a 'd' line of its own"
    }

    /// Whether one of the paths is what has this name in the shared folder, or in it.
    private static func holds(_ paths: some Sequence<String>, _ place: (folder: String, name: String)) -> Bool {
        let path = "\(place.folder)/\(place.name)"
        return paths.contains { $0 == path || $0.hasPrefix(path + "/") }
    }

    /// The folders that lines make.
    var folders: Set<String> { Set(created.filter(\.makesFolder).map(\.path)) }

    /// What lines make. A line that empties a folder does not make that its own.
    private func made(but line: TmpfilesLine) -> [String] {
        created.filter { $0 != line || line.path.hasPrefix("/run/") }.map(\.path)
    }

    private func privileges(_ line: TmpfilesLine) -> String? {
        if let mode = line.mode, mode & 0o6000 != 0 {
            if mode & 0o4000 != 0 || !(line.makesFolder || line.type == "e") {
                return "a file that line makes or changes may not have a setuid or setgid bit; remove it from the mode"
            }
        }
        if let group = line.group, group != "root", group != "0", case .refused(let why) = GroupTable.verdict(group) {
            return "it would belong to the group '\(group)': \(why)"
        }
        if let group = line.group, let number = UInt32(group), number != 0 {
            return "the group \(group) is another one on each host; write its name"
        }
        switch line.type {
        case "t", "T":
            // systemd sets those that come before a quote that is not closed.
            guard let values = LineText.fields(Array((line.argument ?? "").utf8), atMost: .max)?.fields else {
                return "a quote is not closed, or systemd does not know an escape; correct the line"
            }
            return values.allSatisfy { $0.starts(with: "user.".utf8) }
                ? nil : "a package may set attributes 'user.…' alone: others give capabilities or labels; remove them"
        case "h", "H":
            let letters = (line.argument ?? "").drop { "+-=".contains($0) }
            return letters.contains { "aiIu".contains($0) }
                ? "with this attribute not even root could remove the file; remove 'a', 'i' and 'u'" : nil
        default: return nil
        }
    }

    /// Where a link leads, and what a copy is made of.
    private func target(_ line: TmpfilesLine) -> String? {
        guard line.type == "L" || line.type == "C", let target = line.argument else { return nil }
        guard LinkTarget.isPlain(target) else {
            return "'\(target)' may have printable ASCII without blanks, quotes, '%' and '\\'; choose another one"
        }
        if line.type == "L" {
            if target == "/dev/null", !line.path.hasPrefix("/etc/") { return nil }
            guard case .refused(let why) = LinkTarget.verdict(ofLinkAt: line.path, to: target) else { return nil }
            return "it links to '\(target)': \(why)"
        }
        // Not all of /usr: links in /usr/lib lead to secrets (/usr/lib/ssl/private).
        if ["/usr/share/", "/opt/"].contains(where: target.hasPrefix), !target.split(separator: "/").contains("..") {
            return nil
        }
        if let (folder, user) = writable.above(target, by: 1) {
            return
                "\(user) may write in '\(folder)' and could have root copy any file of the host; copy from the package's files below /usr/share"
        }
        if PlaceTable.verdict(target, .linkTarget) == .allowed, let place = Self.place(target) {
            if names.match(place.name) || Self.holds(declared, place) { return nil }
        }
        return "'\(target)' is not the package's; copy something of its own, or from below /usr/share"
    }

    /// Whether a folder is there before systemd-tmpfiles makes what is in it.
    private func isMade(_ folder: String) -> Bool {
        ofServices.contains(folder) || created.contains { $0.makesFolder && $0.path == folder }
            || declared.contains { $0 == folder || $0.hasPrefix(folder + "/") }
    }

    /// The folders on the way. systemd-tmpfiles does not follow a link that a user may have put there when it makes or changes
    /// something. It does when it removes something, when it writes into a file (`w`), and version 252 when it makes a link.
    private func way(_ line: TmpfilesLine) -> String? {
        if let link = links.first(where: { line.path.hasPrefix($0 + "/") || line.path == $0 && line.type != "L" }) {
            return "'\(link)' is a link of the package; write the path that it leads to"
        }
        return exchanged(line)
    }

    /// Why a line that Gatekeel writes may not be: systemd-tmpfiles makes the folders that are missing on the way as root.
    private func missing(_ line: TmpfilesLine) -> String? {
        guard line.action == .create, let (folder, user) = writable.above(line.path, by: 2),
            let slash = line.path.lastIndex(of: "/"), !isMade(String(line.path[..<slash]))
        else { return nil }
        return
            "\(user) may write in '\(folder)' and could have root make the folders on the way elsewhere; name '\(line.path[..<slash])' too, with Directory= or in the package"
    }

    /// Whether a folder on the way may be exchanged for a link that is followed.
    private func exchanged(_ line: TmpfilesLine) -> String? {
        // Below a folder only the last name can be exchanged, and that is followed only to write.
        let isFollowed = line.removes || line.type == "L" || line.type == "w" || line.type == "C"
        guard isFollowed, let (folder, user) = writable.above(line.path, by: line.type == "w" ? 1 : 2) else {
            return nil
        }
        return
            "\(user) may write in '\(folder)' and could lead root elsewhere; use a line for the folder itself, or let the service do it"
    }

    private mutating func refuse(_ file: String, _ line: Int, _ text: String) {
        findings.add(Finding(.refused, .unsupported, file, line: line, text))
    }
}
