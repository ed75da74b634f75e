import TestSupport
import Testing

@testable import Packages

private func known(
    _ name: String, _ version: String, _ provides: String = "", arch: String = "amd64",
    multiArch: KnownPackage.MultiArch = .no, source: KnownPackage.Source = .dpkg
) throws -> KnownPackage {
    KnownPackage(
        name: name, version: try #require(DebianVersion(version)), architecture: arch, multiArch: multiArch,
        provides: try Dependency.parse(provides, architecture: "amd64").flatMap(\.alternatives), source: source)
}

private func control(_ fields: String, version: String = "1.0", architecture: String = "amd64") throws -> PackageControl
{
    try PackageControl(parsing: "Package: me\nVersion: \(version)\nArchitecture: \(architecture)\n\(fields)\n".utf8)
}

@Suite struct RelationTests {
    @Test func parses() throws {
        let parsed = try Dependency.parse(
            "libc6 (>= 2.34), default-mta | mail-transport-agent, foo:any (<<1:2-3) [amd64 arm64], bar [!amd64] | baz",
            architecture: "amd64")
        #expect(
            parsed.map(\.description) == [
                "libc6 (>= 2.34)", "default-mta | mail-transport-agent", "foo:any (<< 1:2-3)", "baz",
            ])
        #expect(try Dependency.parse("only [arm64]", architecture: "amd64").isEmpty)
        #expect(try Dependency.parse("aa [any-amd64], bb [linux-any]", architecture: "amd64").count == 2)
        #expect(try Dependency.parse("").isEmpty)
    }

    @Test(arguments: [
        "aa bb", "aa (1)", "aa (>= )", "aa (>= 1", "A", "a", "aa | ", "aa:", "aa [amd64 !arm64]", "aa (~ 1)",
    ])
    func refuses(text: String) { #expect(throws: RelationError.self) { try Dependency.parse(text) } }

    @Test(arguments: [
        ("libc6 (>= 2.34)", true), ("libc6 (>= 2.37)", false), ("libc6 (= 2.36-9)", true), ("libc6:amd64", true),
        ("libc6:any", false), ("py:any", true), ("py:arm64", false), ("nothing | libc6", true), ("nothing", false),
        ("mta", true), ("mta (>= 1)", false), ("api (>= 3)", true), ("api (>= 4)", false), ("foreign", true),
        ("armlib", false), ("armlib:arm64", true), ("libc6 (<< 2.36-9)", false), ("libc6 (>> 2.36)", true),
        ("me", true),
        ("doc:amd64", true),
    ])
    func depends(relation: String, isMet: Bool) throws {
        let world = [
            try known("libc6", "2.36-9", multiArch: .same), try known("py", "3.11", multiArch: .allowed),
            try known("exim", "4", "mta, api (= 3.5)"), try known("foreign", "1", arch: "arm64", multiArch: .foreign),
            try known("armlib", "1", arch: "arm64"), try known("doc", "1", arch: "all"),
        ]
        let findings = RelationAudit(known: world, architecture: "amd64").findings(
            for: try control("Depends: \(relation)")
        ).listed
        #expect(findings.isEmpty == isMet)
        #expect(findings.allSatisfy { $0.kind == .relation && $0.severity == .refused && $0.text.contains(relation) })
    }

    @Test func conflictsAndACopyInstalledByDpkg() throws {
        let audit = RelationAudit(
            known: [try known("rival", "2", "mta"), try known("me", "0.9")], architecture: "amd64")
        #expect(audit.findings(for: try control("Conflicts: mta")).listed.map(\.kind) == [.conflict, .conflict])
        #expect(audit.findings(for: try control("Breaks: rival (<< 2)")).listed.count == 1)
        let own = RelationAudit(known: [try known("me", "0.9", "mta", source: .store)], architecture: "amd64")
        #expect(own.findings(for: try control("Conflicts: mta\nProvides: mta")).listed.isEmpty)
        #expect(own.findings(for: try control("", architecture: "arm64")).listed.map(\.kind) == [.architecture])
        #expect(own.findings(for: try control("", architecture: "all")).listed.isEmpty)
    }

    @Test func whatOnlyTheStoreHasIsNeededOfIt() throws {
        let audit = RelationAudit(
            known: [
                try known("lib", "1", source: .store), try known("lib2", "1", "virtual", source: .store),
                try known("both", "1", source: .store), try known("both-host", "1", "both"),
            ], architecture: "amd64")
        let package = try control("Pre-Depends: virtual\nDepends: lib, missing | lib, both, me")
        #expect(audit.findings(for: package).listed.isEmpty)
        #expect(audit.needed(by: package) == ["lib2", "lib"])
        #expect(audit.needed(by: try control("Depends: lib (>= 2), missing, both (>= 2)")) == ["lib", "both"])
        #expect(audit.problems(of: package) == [])
        #expect(
            audit.problems(of: try control("Depends: lib (>= 2)\nConflicts: lib2")).map(\.text) == [
                "Depends: lib (>= 2) is not met (found lib 1)", "Conflicts: lib2: lib2 1 is installed",
            ])
    }

    @Test func aNameIsThatOfThePackageThatHasIt() throws {
        var audit = RelationAudit(
            known: [
                try known("alib", "9", "lib (= 9), virtual", source: .store), try known("lib", "1", source: .store),
                try known("other", "1", "virtual", source: .store),
            ], architecture: "amd64")
        #expect(audit.needed(by: try control("Depends: lib")) == ["lib"])
        #expect(audit.needed(by: try control("Depends: lib (>= 0.5)")) == ["lib"])
        #expect(audit.needed(by: try control("Depends: lib (>= 10)")) == ["lib"])
        #expect(audit.needed(by: try control("Depends: virtual")) == ["alib"])
        audit.preferred = ["other"]
        #expect(audit.needed(by: try control("Depends: virtual")) == ["other"])
    }

    @Test func statusFile() {
        let status = """
            Package: libc6
            Status: install ok installed
            Architecture: amd64
            Multi-Arch: same
            Version: 2.36-9
            Provides: libc-api (= 2),
             other
            Conffiles:
             /etc/x 0123
            Description: text
             Version: 9

            Package: gone
            Status: deinstall ok config-files
            Version: 1

            Package: half
            Status: install reinstreq half-installed
            Version: 1

            Package: held
            Status: hold ok installed
            Architecture: all
            Version: 1:2
            """
        let packages = DpkgStatus.parse(Array(status.utf8))
        #expect(packages.map(\.name) == ["libc6", "held"])
        #expect(packages[0].version.description == "2.36-9")
        #expect(packages[0].multiArch == .same)
        #expect(packages[0].provides.map(\.name) == ["libc-api", "other"])
    }

    @Test func theHostsStatusFileIsRead() throws {
        let packages = try DpkgStatus.read()
        let native = try shell("dpkg --print-architecture")
        #expect(packages.contains { $0.name == "dpkg" && native.hasPrefix($0.architecture) })
    }
}

@Suite struct ControlTests {
    @Test func reads() throws {
        let control = try PackageControl(
            parsing:
                "Package: a+b\nversion: 1:2-3\nArchitecture: all\nInstalled-Size: 10\nPre-Depends: xx\nDescription: short\n long\n .\n more\n"
                .utf8)
        #expect(control.name == "a+b")
        #expect(control.version.epoch == 1)
        #expect(control.summary == "short")
        #expect(control.installedSize == 10240)
        #expect(control.preDepends.count == 1)
    }

    @Test(arguments: [
        ("", "one paragraph"), ("Package: x\n", "2 to 128"), ("Package: ab\n", "Version is missing"),
        ("Package: ../x\n", "2 to 128"),
        ("Package: ab\nVersion: /etc\n", "not a version"), ("Package: ab\nVersion: 1\n", "Architecture is missing"),
        ("Package: ab\nPackage: ab\n", "twice"), (" x", "continues no field"), ("x y", "expected 'Field"),
        ("Package: ab\n\nPackage: cd\n", "found 2"),
        ("Package: ab\nVersion: 1\nArchitecture: all\nDepends: A", "package name"),
        ("Package: ab\nVersion: 1\nArchitecture: all\nConflicts: aa | bb", "alternatives"),
        ("Package: a\u{1}b", "control characters"),
    ])
    func refuses(text: String, words: String) {
        #expect {
            try PackageControl(parsing: text.utf8)
        } throws: { error in
            "\(error)".contains(words) && "\(error)".hasPrefix("control")
        }
    }

    @Test func arbitraryBytesAreParsedOrRefused() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("Package: ab\n \tVersion1,|()[]<>=!.:#\u{0}é".utf8)
        for _ in 0..<3000 {
            let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            _ = try? PackageControl(parsing: bytes)
            _ = try? Dependency.parse(String(decoding: bytes, as: UTF8.self))
            _ = DpkgStatus.parse(bytes)
        }
    }
}
