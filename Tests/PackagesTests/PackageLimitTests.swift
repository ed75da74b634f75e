import Archive
import Testing

@testable import Packages

/// What a package may bring of what is recorded, sent and loaded is bounded while the package is read.
@Suite struct PackageLimitTests {
    private func audit(_ members: [String: String] = [:]) throws(PackageRefusal) -> PackageAudit {
        var members = members.mapValues { Array($0.utf8) }
        members["control"] = Array("Package: foo\nVersion: 1.0\nArchitecture: all\n".utf8)
        return try PackageAudit(controlFiles: members, manifest: nil)
    }

    private func file(_ path: String, size: Int = 1) -> ArchiveEntry {
        ArchiveEntry(path: path, kind: .file, size: size)
    }

    /// Considers entries until one is refused at once.
    ///
    /// - Returns: how many were taken, and the text of the refusal.
    private func taken(_ entries: some Sequence<ArchiveEntry>) throws -> (count: Int, text: String) {
        var audit = try audit()
        var count = 0
        do throws(PackageRefusal) {
            // An endless sequence ends here, and the count is wrong then.
            for entry in entries.prefix(200_000) {
                _ = try audit.consider(entry)
                count += 1
            }
            return (count, "")
        } catch { return (count, error.description) }
    }

    @Test func whatIsSkippedCostsACountAndAFewNames() throws {
        var audit = try audit()
        for index in 0..<20_000 { _ = try audit.consider(file("etc/cron.d/f\(index)")) }
        for index in 0..<20_000 {
            let folders = (0..<30).map { "d\(index)-\($0)" }.joined(separator: "/")
            _ = try audit.consider(file("etc/init.d/\(folders)/f"))
        }
        let warnings = try audit.plan(known: []).warnings.map(\.description)
        #expect(warnings.count == 4)
        #expect(warnings[0].hasPrefix("etc/cron.d/f0: not installed"))
        #expect(warnings[2].hasPrefix("etc/cron.d/f2: not installed") && warnings[2].hasSuffix("(and 19997 others)"))
    }

    @Test func eachKindHasItsLimit() throws {
        let conffiles = try taken((0...).lazy.map { file("etc/foo/f\($0)") })
        #expect(conffiles.count == PackageLimits.conffiles && conffiles.text.contains("2000 files beneath /etc"))
        let units = try taken((0...).lazy.map { file("usr/lib/systemd/system/f\($0).service") })
        #expect(units.count == PackageLimits.units && units.text.contains("128 units"))
        let aliases = try taken(
            (0...).lazy.map {
                ArchiveEntry(path: "usr/lib/systemd/system/f\($0).service", kind: .symbolicLink(target: "a.service"))
            })
        #expect(aliases.count == PackageLimits.units)
        let folders = try taken((0...).lazy.map { ArchiveEntry(path: "var/lib/foo/\($0)", kind: .directory) })
        #expect(folders.count == PackageLimits.hostPaths && folders.text.contains("1000 folders"))
        let links = try taken(
            (0...).lazy.map { ArchiveEntry(path: "etc/foo/\($0)", kind: .symbolicLink(target: "/usr/bin/x")) })
        #expect(links.count == PackageLimits.hostPaths)
        let parts = try taken((0...).lazy.map { file("usr/lib/systemd/system/f.service.d/\($0).conf") })
        #expect(parts.count == PackageLimits.readFiles)
        let large = try taken((0...).lazy.map { file("usr/lib/tmpfiles.d/\($0).conf", size: 1 << 18) })
        #expect(large.count == PackageLimits.readBytes >> 18 && large.text.contains("1024 KiB"))
        let long = try taken(
            (0...).lazy.map { file("etc/\($0)/" + String(repeating: "xxxxxxxxx/", count: 40) + "f") })
        #expect(long.count < 100 && long.text.contains("1024 KiB"))
    }

    /// A suffix for what is put beside a file and a prefix for its temporary name must fit too.
    @Test(arguments: [(PackageLimits.nameBytes, false), (PackageLimits.nameBytes + 1, true)])
    func longNamesAreRefused(count: Int, isRefused: Bool) throws {
        func name(_ suffix: String) -> String { String(repeating: "x", count: count - suffix.utf8.count) + suffix }
        let units = "usr/lib/systemd/system/"
        for path in [
            "etc/foo/" + name(""), units + name(".service"), "\(units)foo.service.d/" + name(".conf"),
            // The package's name comes before it.
            "usr/lib/tmpfiles.d/" + name("foo.conf").dropFirst(3),
        ] {
            var audit = try audit()
            _ = try audit.consider(file(path))
            #expect((audit.refusal?.description.contains("more than 200 bytes") ?? false) == isRefused, "\(path)")
        }
    }

    /// The reasons are listed as far as they help; then the rest of the package is not read.
    @Test func refusalsAreBounded() throws {
        let boot = try taken((0..<1000).lazy.map { file("boot/f\($0)") })
        #expect(boot.count == 1000 && boot.text.isEmpty, "they say the same")
        var list = FindingList(
            (0..<PackageLimits.findings - 1).map { Finding(.refused, .unsupported, "f", "reason \($0)") })
        #expect(!list.isFull)
        list.add((0..<1000).map { Finding(.refused, .unsupported, "f", "another reason \($0)") })
        #expect(list.isFull && list.findings(.refused).count == PackageLimits.findings + 1)
        #expect(list.findings(.refused).last?.text == "999 further reasons are not listed")
        var audit = try audit()
        for index in 0..<1000 { _ = try audit.consider(file("boot/f\(index)")) }
        let refusal = try #require(audit.refusal)
        #expect(refusal.findings.count == PackageLimits.sameFindings)
        #expect(refusal.description.hasSuffix("(and 997 others)"))
    }

    @Test func warningsAreBounded() throws {
        var list = FindingList()
        for index in 0..<20_000 { list.add(Finding(.warning, .unsupported, "f", "warning \(index)")) }
        list.add(Finding(.refused, .unsupported, "f", String(repeating: "ä", count: 5000)))
        let warnings = list.findings(.warning)
        #expect(warnings.count == PackageLimits.findings + 1)
        #expect(warnings.last?.text == "\(20_000 - PackageLimits.findings) further warnings are not listed")
        #expect(list.findings(.refused).count == 1 && list.hasRefusal)
        let text = list.findings(.refused)[0].text
        #expect(text.utf8.count <= PackageLimits.textBytes && text.hasSuffix("ä…"))
        // Triggers, lines of units and of tmpfiles.d, unmet relations: all are in one list.
        let triggers = try self.audit(["triggers": (0..<4000).map { "interest t\($0)\n" }.joined()])
        #expect(try triggers.plan(known: []).warnings.count == PackageLimits.findings + 1)
    }

    @Test func controlFilesAreBounded() throws {
        let limit = PackageLimits.listedConffiles
        let lines = (0..<limit).map { "/etc/foo/f\($0)\n" }.joined()
        _ = try audit(["conffiles": lines])
        #expect(throws: PackageRefusal.self) { try audit(["conffiles": lines + "/etc/more\n"]) }
        let text = String(repeating: "d", count: 100_000)
        let control = "Package: foo\nVersion: 1.0\nArchitecture: all\nDescription: \(text)\n"
        #expect(try PackageControl(parsing: Array(control.utf8)).summary.utf8.count == PackageLimits.textBytes)
    }

    /// A folder of /etc that holds nothing but hooks that are not installed is not made, however they are ordered.
    @Test func aFolderOfSkippedFilesIsNotMade() throws {
        var audit = try audit()
        _ = try audit.consider(file("etc/NetworkManager/dispatcher.d/foo"))
        for path in ["etc/NetworkManager", "etc/NetworkManager/dispatcher.d", "etc/empty", "etc/foo", "etc/foo/conf.d"]
        {
            _ = try audit.consider(ArchiveEntry(path: path, kind: .directory, mode: 0o755))
        }
        _ = try audit.consider(file("etc/foo/conf.d/a.conf"))
        let paths = try audit.plan(known: []).tmpfilesLines.map { $0.split(separator: " ")[1] }
        #expect(paths == ["/etc/empty", "/etc/foo", "/etc/foo/conf.d"])
    }
}

/// What is found in one file is bounded where it is found, not only when all of it is listed.
@Suite struct AuditLimitTests {
    private static let lines = String(repeating: "x\n", count: PackageAudit.contentLimit / 2)
    private static let most = PackageLimits.findings + 1

    private func unit(_ text: String) throws -> UnitFile {
        UnitFile(name: try #require(UnitName("foo.service")), path: "foo.service", bytes: Array(text.utf8))
    }

    @Test func ofAUnit() throws {
        let file = try unit("[Service]\n" + Self.lines)
        #expect(file.document.problems.count == PackageLimits.findings)
        #expect((1...Self.most).contains(UnitAudit(unit: file, tree: PackagedPaths()).findings().listed.count))
        let zeros = try unit(String(repeating: "\0\n", count: 10_000))
        #expect(zeros.ambiguities.count == PackageLimits.findings)
        let folders = (0..<10_000).map { "StateDirectory=../\($0)\n" }.joined()
        #expect(try unit("[Service]\n\(folders)").folderFindings().listed.count == Self.most)
        let programs = (0..<5000).map { "RootDirectory=/\($0)\n" }.joined()
        let audit = UnitAudit(unit: try unit("[Service]\n\(programs)"), tree: PackagedPaths())
        #expect(audit.findings().listed.count == Self.most)
    }

    @Test func ofAnInstallSection() throws {
        let words = (0..<10_000).map { "Also=u\($0).service\n" }.joined()
        let file = try unit("[Install]\n\(words)")
        let own = PackagedUnits(names: [file.name])
        let section = InstallSection(of: file.name, in: [file])
        #expect(InstallAudit(section, own: own, isDefault: true).findings.listed.count == Self.most)
        let names = (0..<5000).map { "Before=m\($0).mount\n" }.joined()
        let reach = ReachAudit(PackagedUnit(try unit("[Unit]\n\(names)")), own: own)
        #expect(reach.findings.listed.count == Self.most && reach.orders.isEmpty)
    }

    @Test func ofLines() {
        let files = [TmpfilesAudit.File(path: "x.conf", bytes: Array((0..<9999).map { "u\($0)\n" }.joined().utf8))]
        var users = SysusersAudit()
        users.audit(files, others: [])
        #expect(users.findings.listed.count <= Self.most && users.findings.hasRefusal)
        var lines = TmpfilesAudit(names: OwnNames(of: "foo"), tree: PackagedPaths(), declared: [], writable: [])
        lines.audit(
            [TmpfilesAudit.File(path: "x.conf", bytes: Array((0..<9999).map { "z /etc/\($0)\n" }.joined().utf8))],
            others: [])
        #expect(lines.findings.listed.count == Self.most)
        #expect(LineText.lines(Array(Self.lines.utf8), atMost: 10).count == 10)
    }

    @Test func ofScriptsAndRelations() throws {
        let triggers = (0..<9999).map { "interest t\($0)\n" }.joined()
        #expect(
            ScriptAudit(["triggers": Array(triggers.utf8)], package: "foo") { _ in false }.findings.listed.count
                == Self.most)
        let names = (0..<4000).map { "p\($0)" }.joined(separator: ", ")
        let control = "Package: foo\nVersion: 1.0\nArchitecture: all\nDepends: \(names)\n"
        let relations = RelationAudit(known: []).findings(for: try PackageControl(parsing: Array(control.utf8)))
        #expect(relations.listed.count == Self.most)
    }
}
