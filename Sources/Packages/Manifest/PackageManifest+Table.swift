import Configuration

extension PackageManifest {
    static let formatKey = Key<Int?>("Format", .integer(1...1), "The format of this file. This key is required.")
    static let userKey = Key(
        "User",
        .words("NAME or NAME:HOME, separated by blanks", explain: fault(ofUser:)) { word in user(word) != nil },
        default: [],
        "System users to create, each with a group of the same name, no shell and no password. Existing users are not changed. A home "
            + "is a place where the package could have something, or a folder that all share, as /run; it is not made."
    )
    static let groupKey = Key(
        "Group", .words("group names, separated by blanks", explain: { fault(ofName: $0) }) { isUser($0) }, default: [],
        "System groups to create.")
    static let memberKey = Key(
        "Member",
        .words("USER:GROUP, separated by blanks", explain: fault(ofMember:)) { member($0) != nil }, default: [],
        "Users to add to groups. The section GROUPS says which are refused.")
    static let directoryKey = Key(
        "Directory",
        .words(
            "PATH:OWNER, PATH:OWNER:GROUP or PATH:OWNER:GROUP:MODE, separated by blanks, with a path of the "
                + "package's own beneath /var/lib, /var/log, /var/cache, /var/spool, /var/opt, /var/www, /srv "
                + "or /etc and an octal mode like 0750, or 2750 for set-group-ID", explain: fault(ofDirectory:)
        ) { directory($0) != nil },
        default: [],
        "Folders to create. Existing ones get this owner and mode; their content is not changed. The section PLACES says "
            + "which are refused.")
    static let skipKey = Key(
        "Skip",
        .words("all, \(scriptNames.joined(separator: ", "))") { $0 == "all" || scriptNames.contains($0) },
        default: [],
        "Maintainer scripts that hold more than debhelper adds and that the package does not need, because this "
            + "manifest does their work; all stands for every one.")
    static let startKey = Key(
        "Start",
        .words("names of units, separated by blanks") { UnitName($0)?.isTemplate == false }, default: [],
        "The units that are enabled and started when the package is activated, and no others: units of the package with an "
            + "[Install] section, and instances of its templates (foo@bar.service). Without this key and Enable=, Debian's "
            + "scripts decide.")
    static let enableKey = Key(
        "Enable",
        .words("names of units, separated by blanks") { UnitName($0)?.isTemplate == false }, default: [],
        "Units that are enabled besides, and not started at once: they run from the next boot on. Where this key or Start= is, the "
            + "manifest decides and Debian's scripts do not.")
    static let wantsKey = Key(
        "Wants",
        .words("UNIT:WANTED, separated by blanks") { UnitChoice.want($0) != nil }, default: [],
        "A unit of the package that another one of it starts, as the link of a generator would say: Gatekeel runs no "
            + "generators. The wanted unit, or instance of a template, has no [Install] section.")
    static let commandKey = Key(
        "Command",
        .words("an absolute path and arguments, as in ExecStart=") { _ in true }.checked { $0.first?.first == "/" },
        default: [],
        "A command that exits with status 0 if the new version is healthy. It runs once during probation and sees "
            + "the files of the package as its units do.")
    static let healthUserKey = Key(
        "User",
        ValueType(
            allowed: "a user's name, and none of Gatekeel's own",
            parse: { isUser($0) && !$0.hasPrefix("gatekeel") ? $0 : nil }, format: { $0 }), default: "",
        "The user that the command runs as. Empty means root.")
    static let timeoutKey = Key(
        "Timeout", .duration(.milliseconds(100) ... .seconds(600)), default: .seconds(10),
        "How long the command may take.")
    static let timeKey = Key<Duration?>(
        "Time", .duration(.seconds(1) ... .seconds(86400), zero: "none"),
        "How long the units must stay active. If this key or one of the following is not set, the host's policy applies."
    )
    static let startTimeoutKey = Key<Duration?>(
        "StartTimeout", .duration(.seconds(1) ... .seconds(3600)), "The units must be active by then.")
    static let stopTimeoutKey = Key<Duration?>(
        "StopTimeout", .duration(.seconds(1) ... .seconds(3600)),
        "The units must have stopped by then; remaining processes are killed. A unit whose own TimeoutStopSec= is longer has that long."
    )
    static let maxRestartsKey = Key<Int?>(
        "MaxRestarts", .integer(0...1000), "How many automatic restarts are tolerated.")

    // MARK: What is wrong with a word

    private static func fault(ofName name: String, _ what: String = "a user or group") -> String? {
        isUser(name)
            ? nil
            : "'\(name)' is no name for \(what): at most 31 letters, digits, - and _, and no digit or - at its beginning"
    }

    @Sendable private static func fault(ofUser word: String) -> String? {
        let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return fault(ofName: parts[0], "a user")
            ?? "the home must be an absolute path of printable ASCII without blanks, quotes, %, colons and dots for folders"
    }

    @Sendable private static func fault(ofMember word: String) -> String? {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return "write USER:GROUP" }
        return fault(ofName: parts[0], "a user") ?? fault(ofName: parts[1], "a group")
    }

    @Sendable private static func fault(ofDirectory word: String) -> String? {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 1 else { return "the owner is missing" }
        guard parts.count < 5 else { return "it has more than four parts" }
        guard Place.isNormal(parts[0]), Place(parts[0])?.isPlain == true else {
            return "'\(parts[0])' is no absolute path without blanks, quotes, % and dots for folders"
        }
        return fault(ofName: parts[1], "a user") ?? (parts.count > 2 ? fault(ofName: parts[2], "a group") : nil)
            ?? "'\(parts[parts.count - 1])' is no mode of four octal digits, the first of them at most 3"
    }

    /// The scripts that dpkg or debconf would run.
    static let scriptNames = ["preinst", "postinst", "prerm", "postrm", "config", "triggers"]

    /// All keys of a manifest.
    public static let table = KeyTable(
        file: "gatekeel.manifest", summary: "instructions for Gatekeel in a signed package",
        documentation: [
            "A manifest is attached to a package when it is signed ('gatekeel package sign --manifest=FILE'), and the "
                + "signature covers it. It lets a stock Debian daemon run without being repackaged: it says what to do "
                + "in place of the maintainer scripts, and how to check that a new version is healthy."
        ],
        sections: [
            SectionDeclaration("Package", "The manifest itself.", [formatKey.declaration]),
            SectionDeclaration(
                "Users", "Users and groups, created by systemd-sysusers.",
                [userKey.declaration, groupKey.declaration, memberKey.declaration]),
            SectionDeclaration("Directories", "Folders, created by systemd-tmpfiles.", [directoryKey.declaration]),
            SectionDeclaration(
                "Files",
                "Files and links. They are undone with a failed installation, as the package's own are.",
                [
                    fileKey.declaration, copyKey.declaration, lineKey.declaration, linkKey.declaration,
                    ignoreKey.declaration,
                ]),
            SectionDeclaration(
                "Units", "Which units of the package run.",
                [startKey.declaration, enableKey.declaration, wantsKey.declaration]),
            SectionDeclaration("Scripts", "Maintainer scripts. They are never run.", [skipKey.declaration]),
            SectionDeclaration(
                "Health", "How to check that a version is healthy.",
                [commandKey.declaration, healthUserKey.declaration, timeoutKey.declaration]),
            SectionDeclaration(
                "Probation", "The conditions under which a new version is kept.",
                [
                    timeKey.declaration, startTimeoutKey.declaration, stopTimeoutKey.declaration,
                    maxRestartsKey.declaration,
                ]),
        ], examples: examples)

    private static let examples: [(text: String, lines: [String])] = [
        (
            "Debian's mosquitto makes a user and folders in its scripts:",
            [
                "[Package]", "Format=1", "", "[Users]", "User=mosquitto:/var/lib/mosquitto", "",
                "[Directories]",
                "Directory=/var/lib/mosquitto:mosquitto /var/log/mosquitto:mosquitto", "", "[Scripts]",
                "Skip=postinst postrm",
            ]
        ),
        (
            "A version is kept if its port answers after a minute:",
            [
                "[Package]", "Format=1", "", "[Health]",
                "Command=/bin/bash -c \"exec 3<>/dev/tcp/127.0.0.1/1883\"", "User=mosquitto", "",
                "[Probation]", "Time=1min",
            ]
        ),
        (
            "Attach a manifest and look at the result. /usr/share/doc/gatekeel/docs/manifest-examples.md has "
                + "more examples.",
            [
                "gatekeel package sign --key=sign.key --certificate=sign.pem \\",
                "    --manifest=mosquitto.manifest mosquitto_2.0.11-1_amd64.deb",
                "gatekeel package info mosquitto_2.0.11-1_amd64.deb",
            ]
        ),
    ]

    /// `gatekeel.manifest(5)`.
    public static var manualPage: String {
        table.manualPage(
            paths: ["FILE.manifest"],
            seeAlso: ["gatekeel(1)", "gatekeel-installd(8)", "installd.conf(5)", "sysusers.d(5)", "tmpfiles.d(5)"],
            hasDropIns: false, further: PlaceTable.document)
    }
}

extension ValueType where Value == [String] {
    /// The same type with a condition on the list as a whole.
    func checked(_ accepts: @escaping @Sendable ([String]) -> Bool) -> ValueType {
        let parse = parse
        return ValueType(
            allowed: allowed, isList: false,
            parse: { text in parse(text).flatMap { accepts($0) ? $0 : nil } }, explain: explain, fault: fault,
            format: format)
    }
}
