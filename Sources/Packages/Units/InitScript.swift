/// An init script of a package that has no unit of the same name, and the unit that stands for it.
///
/// As `systemd-sysv-generator(8)` writes it from the script's LSB header. The script itself is in the release, not in
/// `/etc/init.d`: the generator of the host would start it there, without the package's files.
struct InitScript: Sendable {
    /// Where init scripts are in a release.
    static let folder = "usr/libexec/init.d/"

    /// `foo` of `etc/init.d/foo`; nil for what is no init script that could be run.
    static func name(of path: String) -> String? {
        guard let name = path.dropPrefix("etc/init.d/"), !name.isEmpty, !name.hasPrefix("."), name != "README",
            name != "skeleton", name.utf8.count <= PackageLimits.nameBytes,
            name.utf8.allSatisfy({ isPlain($0) })
        else { return nil }
        return name
    }

    /// The name of the unit that stands for a script, which systemd's generator makes of it: without `.sh`.
    static func unitName(of script: String) -> String {
        "\(UnitName.mangled(script.dropSuffix(".sh") ?? script)).service"
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || "_.+-".utf8.contains(byte)
    }

    /// More facilities of one field than this are not read.
    private static let facilities = 32

    let name: String
    /// The fields of the header by their names in lower case; empty without a header.
    private let fields: [String: String]
    /// `# pidfile: /run/foo.pid`, as Red Hat's scripts say it.
    private let pidFile: String?

    init(name: String, bytes: [UInt8]) {
        self.name = name
        var fields: [String: String] = [:]
        var last: String?
        var isInside = false
        var pidFile: String?
        for line in String(decoding: bytes.prefix(1 << 16), as: UTF8.self).split(separator: "\n").prefix(200) {
            guard line.hasPrefix("#") else { continue }
            let text = line.dropFirst().trimmed
            if text.hasPrefix("## BEGIN INIT INFO") {
                isInside = true
            } else if text.hasPrefix("## END INIT INFO") {
                isInside = false
            } else if let path = text.dropPrefix("pidfile:")?[...].trimmed,
                path.hasPrefix("/run/") || path.hasPrefix("/var/run/"),
                PlaceTable.verdict(path, .tmpfilesLine) == .allowed
            {
                pidFile = pidFile ?? path
            } else if isInside {
                if let colon = text.firstIndex(of: ":"), text[..<colon].allSatisfy({ $0.isLetter || $0 == "-" }) {
                    last = text[..<colon].lowercased()
                    fields[last ?? ""] = text[text.index(after: colon)...].trimmed
                } else if let field = last, line.hasPrefix("#  ") || line.hasPrefix("#\t") {
                    fields[field]? += " \(text)"
                }
            }
        }
        self.fields = fields
        self.pidFile = pidFile.flatMap { path in path.utf8.allSatisfy { Self.isPlain($0) || $0 == 0x2F } ? path : nil }
    }

    private func words(_ field: String) -> [String] {
        (fields[field] ?? "").split(whereSeparator: \.isWhitespace).prefix(Self.facilities).map(String.init)
    }

    /// Why no unit can be written; nil if it can.
    var refusal: String? {
        guard words("default-start").contains(where: { $0.uppercased() == "S" }) else { return nil }
        return
            "this init script belongs to the early boot (Default-Start: S), which a package cannot change; bring a unit in /usr/lib/systemd/system instead"
    }

    /// The bytes of the unit.
    ///
    /// - Parameter isEnabled: whether the package enables the script (`update-rc.d NAME defaults`).
    func unit(isEnabled: Bool) -> [UInt8] {
        let summary = Self.text(fields["short-description"] ?? fields["description"] ?? name)
        var unit = "[Unit]\nDescription=LSB: \(summary)\nDocumentation=man:systemd-sysv-generator(8)\n"
        var after: [String] = []
        var wants: [String] = []
        for facility in ["required-start", "should-start", "x-start-after"].flatMap(words) {
            switch facility.lowercased() {
            case "$network":
                after.append("network-online.target")
                wants.append("network-online.target")
            case "$named": after.append("nss-lookup.target")
            case "$portmap": after.append("rpcbind.target")
            case "$remote_fs": after.append("remote-fs.target")
            case "$time": after.append("time-sync.target")
            case let other where other.hasPrefix("$"): break
            default:
                guard Self.name(of: "etc/init.d/\(facility)") != nil, facility != name else { continue }
                after.append(Self.unitName(of: facility))
            }
        }
        for other in words("x-start-before") where !other.hasPrefix("$") && Self.name(of: "etc/init.d/\(other)") != nil
        {
            unit += "Before=\(Self.unitName(of: other))\n"
        }
        for unitName in Self.unique(after) { unit += "After=\(unitName)\n" }
        for unitName in Self.unique(wants) { unit += "Wants=\(unitName)\n" }
        let script = "/\(Self.folder)\(name)"
        unit += """

            [Service]
            Type=forking
            Restart=no
            TimeoutSec=5min
            IgnoreSIGPIPE=no
            KillMode=process
            GuessMainPID=no
            RemainAfterExit=\(pidFile == nil ? "yes" : "no")
            SuccessExitStatus=5 6

            """
        if let pidFile { unit += "PIDFile=\(pidFile)\n" }
        unit += "ExecStart=\(script) start\nExecStop=\(script) stop\n"
        // Without a header there is no word on it; an empty field says never.
        let isWanted = fields["default-start"] == nil || !words("default-start").isEmpty
        if isEnabled, isWanted { unit += "\n[Install]\nWantedBy=multi-user.target\n" }
        return Array(unit.utf8)
    }

    /// A description as one plain line: `%` begins a specifier, a `\` at the end would continue the line.
    private static func text(_ text: String) -> String {
        let plain = text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F && $0 != "\\" }
        return String(String.UnicodeScalarView(plain)).split(separator: "%", omittingEmptySubsequences: false)
            .joined(separator: "%%").bounded(to: 120)
    }

    private static func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}
