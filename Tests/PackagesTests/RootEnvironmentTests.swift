import Archive
import Testing

@testable import Packages

/// What root runs, and the environment and credentials that it reads, are nobody else's.
@Suite struct RootEnvironmentTests {
    private static let unit = "usr/lib/systemd/system/foo.service"
    private static let users = "[Package]\nFormat=1\n[Users]\nUser=foo\n"

    /// - Parameter lines: of `[Service]`.
    private func found(
        _ lines: String, _ more: [(String, String)] = [], manifest: String = "", folders: [ArchiveEntry] = []
    ) throws -> (refusals: [String], warnings: [String]) {
        var audit = try PackageAudit(
            controlFiles: ["control": Array("Package: foo\nVersion: 1\nArchitecture: all\n".utf8)],
            manifest: Array((Self.users + manifest).utf8))
        for entry in folders { _ = try audit.consider(entry) }
        for (path, text) in [(Self.unit, "[Service]\nExecStart=/usr/bin/foo\n\(lines)\n")] + more {
            let entry = ArchiveEntry(path: path, kind: .file, size: text.utf8.count)
            if try audit.consider(entry) { audit.take(Array(text.utf8), of: entry) }
        }
        let findings = audit.assess(known: [], architecture: "all").findings
        return (findings.findings(.refused).map(\.text), findings.findings(.warning).map(\.text))
    }

    private static let environment = "User=foo\nEnvironmentFile=/etc/foo/env\nExecReload=+/usr/bin/foo"

    @Test(arguments: [
        "[Files]\nFile=/etc/foo/env:foo:foo:0640", "[Files]\nFile=/etc/foo/env:root:foo:0660",
        "[Files]\nFile=/etc/foo/env:root:root:0666",
    ])
    func aConfigurationFileWithTheEnvironmentOfRoot(manifest: String) throws {
        let found = try found(Self.environment, [("etc/foo/env", "A=b")], manifest: manifest)
        #expect(found.refusals.contains { $0.contains("may write '/etc/foo/env'") }, "\(found)")
    }

    @Test(arguments: [
        "[Files]\nCopy=/usr/share/foo/env:/etc/foo/env:foo:foo",
        "[Files]\nCopy=/usr/share/foo/env:/etc/foo/env:root:foo:0664",
        "[Files]\nLine=/etc/foo/env:A=b\nFile=/etc/foo/env:foo:foo:0600",
    ])
    func aCopyWithTheEnvironmentOfRoot(manifest: String) throws {
        let found = try found(Self.environment, [("usr/share/foo/env", "A=b")], manifest: manifest)
        #expect(found.refusals.contains { $0.contains("may write '/etc/foo/env'") }, "\(found)")
    }

    @Test(arguments: [
        "f /var/lib/x/env 0644 foo - -", "F /var/lib/x/env 0644 foo - -", "f+ /var/lib/x/env 0664 root foo -",
        "z /var/lib/x/env 0644 foo", "z /var/lib/x/* 0644 foo", "Z /var/lib/x 0644 foo",
        "a /var/lib/x/env - - - - u:foo:rw",
        "C /var/lib/x/env 0644 foo - - /usr/share/foo/env",
    ])
    func aFileOfALineWithTheEnvironmentOfRoot(line: String) throws {
        let unit = "StateDirectory=x\nEnvironmentFile=-/var/lib/x/env"
        let found = try found(unit, [("usr/lib/tmpfiles.d/foo.conf", line)])
        #expect(found.refusals.contains { $0.contains("'-") == false && $0.contains("may write") }, "\(found)")
    }

    @Test func aDataFileWithTheEnvironmentOfRoot() throws {
        let unit = "EnvironmentFile=/var/lib/x/env"
        #expect(try found(unit, manifest: "[Files]\nFile=/var/lib/x/env:foo:foo:0640").refusals.count == 1)
        #expect(try found(unit, manifest: "[Files]\nFile=/var/lib/x/env:root:foo:0640").refusals == [])
        let owned = ArchiveEntry(
            path: "var/lib/x/env", kind: .file, mode: 0o644, owner: 120, ownerName: "foo", groupName: "foo")
        #expect(try found(unit, folders: [owned]).refusals.count == 1)
    }

    @Test(arguments: [
        "File=/etc/foo/env:root:foo:0640", "File=/etc/foo/env:root:root:0664", "File=/etc/foo/other:foo:foo:0640",
    ])
    func aFileThatTheUserMayRead(line: String) throws {
        let found = try found(
            Self.environment, [("etc/foo/env", "A=b"), ("etc/foo/other", "A=b")], manifest: "[Files]\n\(line)")
        #expect(found.refusals == [] && !found.warnings.contains { $0.contains("may write") }, "\(found)")
    }

    /// Only what commands of the unit's user see is there to change.
    @Test func theEnvironmentOfTheUserItself() throws {
        let found = try found(
            "User=foo\nEnvironmentFile=/etc/foo/env", [("etc/foo/env", "A=b")],
            manifest: "[Files]\nFile=/etc/foo/env:foo:foo:0640")
        #expect(found.refusals == [])
    }

    /// systemd reads all files of the folder as root.
    @Test(arguments: [
        ("LoadCredential=a:/var/lib/foo", true), ("LoadCredentialEncrypted=a:/var/lib/foo", true),
        ("LoadCredential=a:/var/lib", true), ("LoadCredential=a:/etc/foo/key", false),
    ])
    func credentialsOfAFolder(line: String, isRefused: Bool) throws {
        let found = try found(
            "User=foo\nStateDirectory=foo\n\(line)", [("etc/foo/key", "x")],
            manifest: "[Files]\nFile=/etc/foo/key:foo:foo:0600")
        #expect(found.refusals.isEmpty != isRefused, "\(found)")
    }

    @Test(arguments: [
        "ExecStartPre=+/var/lib/foo/hook", "ExecStartPre=-!/var/lib/foo/hook a b", "ExecReload=!!/var/lib/foo/d/hook",
        "ExecStartPre=+\"/var/lib/foo/a b\"", "ExecStopPost=+%S/foo/hook", "ExecStartPre=+/bin/sh /var/lib/foo/hook",
        "ExecStartPre=+/usr/bin/python3 -u /var/lib/foo/hook.py", "ExecStartPre=+/bin/sh -c '/var/lib/foo/hook x'",
        "ExecStartPre=/bin/true ; +/var/lib/foo/hook", "PermissionsStartOnly=yes\nExecStartPre=/var/lib/foo/hook",
        "ExecStartPre=+hook\nExecSearchPath=/usr/bin:/var/lib/foo",
    ])
    func aProgramThatRunsAsRoot(lines: String) throws {
        let found = try found("User=foo\nStateDirectory=foo\n\(lines)")
        #expect(found.refusals.contains { $0.contains("'foo' may write in '/var/lib/foo'") }, "\(lines): \(found)")
    }

    @Test(arguments: [
        "ExecStartPre=/var/lib/foo/hook", "ExecStartPre=-/bin/sh /var/lib/foo/hook",
        "ExecReload=+/bin/kill -HUP $MAINPID",
        "ExecStartPre=+/usr/bin/install -d /var/lib/foo/x", "ExecStartPre=+/bin/sh -c 'mkdir -p /var/lib/foo/x'",
        "PermissionsStartOnly=no\nExecStartPre=/var/lib/foo/hook", "ExecStartPre=+/bin/sh -e /etc/foo/hook",
        "PermissionsStartOnly=yes\nExecStartPre=/bin/chown foo /var/lib/foo",
        "ExecStartPre=/var/lib/foo/hook ; /bin/true",
    ])
    func aProgramOfRootsOrOfTheUsers(lines: String) throws {
        #expect(try found("User=foo\nStateDirectory=foo\n\(lines)").refusals == [], "\(lines)")
    }

    /// Of a unit without a user; the folder is that of another one.
    @Test func aServiceThatRunsAsRoot() throws {
        let line = ("usr/lib/tmpfiles.d/foo.conf", "d /var/lib/foo 0755 foo foo")
        #expect(try found("ExecReload=/var/lib/foo/hook").refusals == [])
        #expect(try !found("ExecReload=/var/lib/foo/hook", [line]).refusals.isEmpty)
        let command = "[Health]\nCommand=/var/lib/foo/check\n"
        #expect(try !found("", [line], manifest: command).refusals.isEmpty)
        #expect(try found("", [line], manifest: command + "User=foo\n").refusals == [])
    }
}
