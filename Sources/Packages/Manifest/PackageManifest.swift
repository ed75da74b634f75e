import Configuration

/// The archive member `_gkmanifest`, which a signer attaches to a stock package so that Gatekeel can run it.
public struct PackageManifest: Hashable, Sendable {
    /// `[Users]`: lines of `sysusers.d(5)`.
    public var sysusersLines: [String]
    /// `[Users] Member=`.
    public var members: [Member]
    /// `[Directories]`.
    public var directories: [Directory]
    /// `[Files] File=`, `Copy=` and `Line=`.
    public var files: [FileRule]
    /// `[Files] Link=`.
    public var links: [Link]
    /// `[Files] Ignore=`, relative to the release.
    public var ignored: Set<String>
    /// `[Scripts] Skip=`.
    public var skippedScripts: Set<String>
    /// `[Units]`.
    public var units: UnitChoice
    public var health: Health?
    public var probation: Probation

    /// A user that joins a group.
    public struct Member: Hashable, Sendable {
        public var user: String
        public var group: String
    }

    /// A folder that a maintainer script would create.
    public struct Directory: Hashable, Sendable {
        public var path: String
        public var owner: String
        public var group: String
        /// Four octal digits.
        public var mode: String
    }

    /// A symbolic link that a maintainer script would make below /etc.
    public struct Link: Hashable, Sendable {
        public var path: String
        public var target: String
    }

    /// `[Health]`.
    public struct Health: Hashable, Sendable {
        /// An absolute path, as the package's units see it, and the arguments.
        public var command: [String]
        /// Empty means root.
        public var user: String
        public var timeout: Duration
    }

    /// `[Probation]`. Where a value is nil, the host's policy applies.
    public struct Probation: Hashable, Sendable {
        public var time: Duration?
        public var startTimeout: Duration?
        public var stopTimeout: Duration?
        public var maxRestarts: Int?

        public init(
            time: Duration? = nil, startTimeout: Duration? = nil, stopTimeout: Duration? = nil, maxRestarts: Int? = nil
        ) {
            self.time = time
            self.startTimeout = startTimeout
            self.stopTimeout = stopTimeout
            self.maxRestarts = maxRestarts
        }
    }

    /// The manifest of a package without one.
    public init() {
        sysusersLines = []
        members = []
        directories = []
        files = []
        links = []
        ignored = []
        skippedScripts = []
        units = UnitChoice()
        probation = Probation()
    }

    /// The largest manifest, in bytes.
    public static let sizeLimit = 1 << 16

    /// Reads a manifest.
    ///
    /// - Parameter file: the name to show in messages.
    /// - Throws: all problems, not only the first. Unknown sections and keys are problems.
    public init(parsing bytes: some Collection<UInt8>, file: String = "_gkmanifest") throws(ConfigurationError) {
        let document = IniDocument(
            parsing: bytes, file: file, limits: IniLimits(bytes: Self.sizeLimit, lineBytes: 4096, entries: 1024))
        var (settings, problems) = Self.table.read([document])
        if settings["Package"].position(of: Self.formatKey) == nil {
            problems.append(
                ConfigurationProblem(Position(file), section: "Package", key: "Format", "missing; add 'Format=1'"))
        }
        let healthSection = settings["Health"]
        if healthSection.position(of: Self.commandKey) == nil,
            settings.sections.contains(where: { $0.header == "Health" })
        {
            problems.append(
                ConfigurationProblem(
                    healthSection.position, section: "Health", key: "Command", "missing; add it, or remove the section")
            )
        }
        let users = settings["Users"]
        let folders = settings["Directories"]
        members = users[Self.memberKey].compactMap(Self.member)
        directories = folders[Self.directoryKey].compactMap(Self.directory)
        for member in members {
            guard case .refused(let why) = GroupTable.verdict(member.group) else { continue }
            problems.append(
                ConfigurationProblem(
                    users.position(of: Self.memberKey) ?? users.position, section: "Users", key: "Member",
                    "'\(member.user)' may not join '\(member.group)': \(why)"))
        }
        let accounts = users[Self.userKey].compactMap(Self.user)
        for user in accounts {
            // systemd-sysusers gives a new user the group of its name, also one that is there.
            let ofName: String? =
                if case .refused(let why) = GroupTable.verdict(user.name) {
                    "'\(user.name)' is a group of the host, which the user would get: \(why)"
                } else { nil }
            for text in [ofName, user.home.flatMap(SysusersAudit.refusal(ofHome:))].compactMap(\.self) {
                problems.append(
                    ConfigurationProblem(
                        users.position(of: Self.userKey) ?? users.position, section: "Users", key: "User", text))
            }
        }
        for folder in directories {
            guard case .refused(let why) = PlaceTable.verdict(folder.path, .manifestFolder) else { continue }
            problems.append(
                ConfigurationProblem(
                    folders.position(of: Self.directoryKey) ?? folders.position, section: "Directories",
                    key: "Directory", "'\(folder.path)' is no place for a folder of a package: \(why)"))
        }
        let ofFiles = settings["Files"]
        files = Self.files(ofFiles)
        links = ofFiles[Self.linkKey].compactMap(Self.link)
        ignored = Set(ofFiles[Self.ignoreKey].map { String($0.dropFirst()) })
        problems += Self.problems(files, links, ofFiles)
        if !problems.isEmpty { throw ConfigurationError(problems) }

        sysusersLines =
            users[Self.groupKey].map { "g \($0) - -" } + accounts.map(Self.userLine)
            + members.map { "m \($0.user) \($0.group)" }
        skippedScripts = Set(settings["Scripts"][Self.skipKey])
        let ofUnits = settings["Units"]
        units = UnitChoice(
            started: ofUnits.position(of: Self.startKey) == nil && ofUnits.position(of: Self.enableKey) == nil
                ? nil : ofUnits[Self.startKey],
            enabled: ofUnits[Self.enableKey],
            wants: ofUnits[Self.wantsKey].compactMap(UnitChoice.want))
        let command = healthSection[Self.commandKey]
        if !command.isEmpty {
            health = Health(
                command: command, user: healthSection[Self.healthUserKey], timeout: healthSection[Self.timeoutKey])
        }
        let limits = settings["Probation"]
        probation = Probation(
            time: limits[Self.timeKey], startTimeout: limits[Self.startTimeoutKey],
            stopTimeout: limits[Self.stopTimeoutKey], maxRestarts: limits[Self.maxRestartsKey])
    }

    /// Whether `[Scripts] Skip=` names this script or `all`.
    public func skips(_ script: String) -> Bool { skippedScripts.contains(script) || skippedScripts.contains("all") }

    /// What the operator should know before the package is installed.
    var warnings: [Finding] {
        members.compactMap { member in
            guard case .warned(let text) = GroupTable.verdict(member.group) else { return nil }
            return Finding(
                .warning, .unsupported, "_gkmanifest", "Member=: '\(member.user)' joins '\(member.group)': \(text)")
        }
    }

    /// The lines of `tmpfiles.d(5)` for the folders, and for empty files.
    ///
    /// - Parameter packaged: files that the package brings itself.
    func tmpfilesLines(without packaged: Set<String> = []) -> [String] {
        directories.map { "d \($0.path) \($0.mode) \($0.owner) \($0.group) -" }
            + files.filter { $0.isData && !packaged.contains($0.path) }.map {
                "f \($0.path) \($0.mode) \($0.owner) \($0.group) -"
            }
    }

    /// `NAME[:HOME]`. The home becomes a field of a line: it has nothing that would end the field or the line.
    static func user(_ word: String) -> (name: String, home: String?)? {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count < 3, isUser(parts[0]) else { return nil }
        guard parts.count == 2 else { return (parts[0], nil) }
        guard let place = Place(parts[1]), place.isPlain, !parts[1].split(separator: "/").contains(".") else {
            return nil
        }
        return (parts[0], "/" + parts[1].split(separator: "/").joined(separator: "/"))
    }

    private static func userLine(_ user: (name: String, home: String?)) -> String {
        "u \(user.name) - \"\(user.name)\" \(user.home ?? "-") -"
    }

    /// `USER:GROUP`.
    static func member(_ word: String) -> Member? {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy({ isUser($0) }) else { return nil }
        return Member(user: parts[0], group: parts[1])
    }

    /// `PATH:OWNER[:GROUP[:MODE]]`. `PlaceTable` judges the path.
    static func directory(_ word: String) -> Directory? {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (2...4).contains(parts.count), Place.isNormal(parts[0]), Place(parts[0])?.isPlain == true,
            isUser(parts[1])
        else { return nil }
        let group = parts.count > 2 ? parts[2] : parts[1]
        let mode = parts.count > 3 ? parts[3] : "0755"
        // The first digit is for set-group-ID and for the sticky bit.
        guard isUser(group), mode.utf8.count == 4, mode.utf8.allSatisfy({ (0x30...0x37).contains($0) }),
            let number = UInt32(mode, radix: 8), number < 0o4000
        else { return nil }
        return Directory(path: parts[0], owner: parts[1], group: group, mode: mode)
    }

    /// Whether `sysusers.d(5)` accepts the name.
    static func isUser(_ text: some StringProtocol) -> Bool {
        guard (1...31).contains(text.utf8.count), let first = text.utf8.first else { return false }
        func isLetter(_ byte: UInt8) -> Bool {
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == 0x5F
        }
        return isLetter(first) && text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}
