import Archive
import Configuration
@testable import Packages

extension FuzzTarget {
    /// A unit file of a package: what is planned of it is a unit's, and reasons are bounded.
    static let unitFile = FuzzTarget("unit-file") { bytes in
        let plan: PackagePlan
        do throws(PackageRefusal) {
            plan = try planned(bytes, at: "usr/lib/systemd/system/foo.service")
        } catch {
            require(!error.findings.isEmpty, "a refusal says why")
            require(error.findings.count <= PackageLimits.findings + 1, "reasons are bounded")
            return
        }
        requireEqual(UnitText.ambiguities(bytes).isEmpty, true, "nothing that systemd reads in another way is accepted")
        requireEqual(plan.units.map(\.name), ["foo.service"], "the unit is planned")
        for unit in plan.units {
            for alias in unit.aliases { requireEqual(UnitName(alias)?.type, .service, "\(alias) is a service's name") }
            if let instance = unit.defaultInstance { require(!instance.isEmpty, "an instance has a name") }
        }
        for path in plan.dataFolders { require(path.hasPrefix("/"), "\(path) is absolute") }
        checkChange(bytes)
    }

    private static func checkChange(_ bytes: [UInt8]) {
        require(UnitChange(from: bytes, to: bytes).isOfStartsAlone, "no change is a change of starts alone")
        let described = bytes + Array("\n[Unit]\nDescription=another\n".utf8)
        let killed = bytes + Array("\n[Service]\nKillMode=none\n".utf8)
        for other in [described, killed] {
            requireEqual(
                UnitChange(from: bytes, to: other).isOfStartsAlone, UnitChange(from: other, to: bytes).isOfStartsAlone,
                "a change is the same in both directions")
        }
        require(!UnitChange(from: bytes, to: killed).isOfStartsAlone, "how it is stopped is no matter of starts")
    }

    private static func planned(
        _ bytes: [UInt8], at path: String, members: [String: [UInt8]] = [:]
    ) throws(PackageRefusal) -> PackagePlan {
        var members = members
        members["control"] = Array("Package: foo\nVersion: 1.0\nArchitecture: all\n".utf8)
        var audit = try PackageAudit(controlFiles: members, manifest: nil)
        let mode: UInt16 = path.hasPrefix("etc/init.d/") ? 0o755 : 0o644
        let entry = ArchiveEntry(path: path, kind: .file, mode: .init(mode), size: bytes.count)
        if try audit.consider(entry) { audit.take(bytes, of: entry) }
        return try audit.plan(known: [])
    }

    /// An init script: whatever its header says, the unit that stands for it runs this script and has no other settings.
    static let initScript = FuzzTarget("init-script") { bytes in
        let script = InitScript(name: "foo", bytes: bytes)
        for isEnabled in [false, true] {
            let text = script.unit(isEnabled: isEnabled)
            let unit = IniDocument(parsing: text, file: "")
            requireEqual(unit.problems, [], "the unit is read")
            requireEqual(UnitText.ambiguities(text), [], "as systemd reads it")
            requireEqual(
                unit.sections.map(\.header), ["Unit", "Service"] + (unit.sections.count == 3 ? ["Install"] : []),
                "the unit has these sections")
            require(isEnabled || unit.sections.count == 2, "it is not enabled")
            for (section, keys) in zip(unit.sections, keysOfInitScripts) {
                for entry in section.entries {
                    require(keys.contains(entry.key), "\(entry.key)= comes from the header")
                }
            }
            let commands = unit.sections[1].entries.filter { $0.key.hasPrefix("Exec") }.map(\.value)
            requireEqual(
                commands, ["/usr/libexec/init.d/foo start", "/usr/libexec/init.d/foo stop"], "it runs the script")
            for name in ["After", "Before", "Wants"].flatMap({ unit.sections[0].values(of: $0) }) {
                require(UnitName(name) != nil, "'\(name)' is a unit's name")
            }
        }
    }

    private static let keysOfInitScripts: [Set<String>] = [
        ["Description", "Documentation", "Before", "After", "Wants"],
        [
            "Type", "Restart", "TimeoutSec", "IgnoreSIGPIPE", "KillMode", "GuessMainPID", "RemainAfterExit",
            "SuccessExitStatus", "PIDFile", "ExecStart", "ExecStop",
        ],
        ["WantedBy"],
    ]

    /// Files of tmpfiles.d and sysusers.d: paths are plain, names are names, and comments change nothing.
    static let lines = FuzzTarget("lines") { bytes in
        let accounts = SysusersLine.read(bytes)
        let files = TmpfilesLine.read(bytes)
        requireEqual(accounts.map(\.number), files.map(\.number), "both split a file in the same way")
        let numbers = files.map(\.number)
        requireEqual(numbers, numbers.sorted(), "lines are counted upwards")
        require(numbers.last ?? 0 <= bytes.count + 1, "there are no more lines than bytes")
        for case .success(let line) in files.map(\.line) {
            require(line.path.hasPrefix("/"), "\(line.path) is absolute")
            require(!line.path.split(separator: "/").contains(".."), "\(line.path) leads down")
            require(line.path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "\(line.path) is plain")
            require(line.mode ?? 0 <= 0o7777, "a mode is one")
        }
        for case .success(let line) in accounts.map(\.line) { check(line) }
        let commented = Array("# a comment\n\n;\n".utf8) + bytes
        requireEqual(SysusersLine.read(commented).map(\.line), accounts.map(\.line), "comments change no account")
        requireEqual(TmpfilesLine.read(commented).map(\.line), files.map(\.line), "comments change no file")
    }

    private static func check(_ line: SysusersLine) {
        func isPlain(_ text: String?) -> Bool {
            text?.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != ":" && $0.value != 0x7F } ?? true
        }
        switch line.entry {
        case .user(let name, _, _, let home, let shell, _):
            require(PackageManifest.isUser(name) && isPlain(home), "a field of /etc/passwd ends nowhere: \(line)")
            require(shell?.hasPrefix("/") ?? true, "a shell is absolute")
        case .group(let name, _): require(PackageManifest.isUser(name), "a group has a name")
        case .member(let user, let group):
            require(PackageManifest.isUser(user) && PackageManifest.isUser(group), "names are names")
        case .range: break
        }
    }
}
