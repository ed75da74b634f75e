import Testing

@testable import Packages

/// Folders of the host in which everybody has names: what is in them may be a link of anybody's.
@Suite struct EverybodysFoldersTests {
    private func refusals(_ lines: String, _ more: [(String, String)] = []) throws -> [String] {
        let unit = ("usr/lib/systemd/system/foo.service", "[Service]\nExecStart=/usr/bin/foo\n\(lines)\n")
        return try auditPackage([unit] + more).refusals.map(\.text)
    }

    @Test(arguments: [
        "EnvironmentFile=-/tmp/foo.env", "EnvironmentFile=-/var/tmp/foo/env", "EnvironmentFile=/run/lock/foo",
        "EnvironmentFile=-/dev/shm/foo", "EnvironmentFile=-/home/foo/env", "EnvironmentFile=/run/user/0/x",
        "EnvironmentFile=/var/lock/foo", "StandardOutput=append:/tmp/foo/log", "StandardError=file:/var/tmp/foo.log",
        "LoadCredential=a:/tmp/foo.key", "OpenFile=/home/foo/x:name", "StandardInput=file:/var/mail/foo",
        "PIDFile=/tmp/foo/foo", "ExecReload=/tmp/foo/hook", "PrivateTmp=yes\nEnvironmentFile=-/tmp/foo.env",
        "User=foo\nStandardOutput=append:/var/crash/x",
    ])
    func whatRootTakesFromThem(lines: String) throws {
        let found = try refusals(lines)
        #expect(
            found.contains { $0.contains("everybody may write") || $0.contains("users may write") },
            "\(lines): \(found)")
    }

    @Test(arguments: [
        "PIDFile=/tmp/foo.pid", "PIDFile=/run/lock/foo.pid", "User=foo\nEnvironmentFile=-/tmp/foo.env",
        "Environment=TMPDIR=/tmp/foo", "PrivateTmp=yes\nExecStartPre=/bin/mkdir -p /tmp/foo",
    ])
    func whatDaemonsHaveThere(lines: String) throws { #expect(try refusals(lines) == [], "\(lines)") }

    @Test func socketsInThem() throws {
        for (path, isRefused) in [("/tmp/foo.sock", false), ("/run/lock/foo", false), ("/tmp/foo/s", true)] {
            let socket = ("usr/lib/systemd/system/foo.socket", "[Socket]\nListenStream=\(path)\n")
            #expect(try refusals("", [socket]).isEmpty != isRefused, "\(path)")
        }
    }

    @Test(arguments: [
        ("w /tmp/foo/bar - - - - x", true), ("w /run/lock/foo - - - - x", true), ("r! /tmp/foo/bar", true),
        ("R /var/tmp/foo/bar", true), ("L /tmp/foo/bar - - - - /usr/share/foo/x", true),
        ("d /tmp/foo/bar - - - 10d", true),
        ("d /tmp/foo 1777 root root 10d", false), ("R! /tmp/foo", false), ("r! /run/lock/foo", false),
        ("D /var/tmp/foo 0755 root root", false), ("L+ /run/lock/foo - - - - /usr/share/foo/x", false),
        ("w /run/foo/bar - - - - x", false),
    ])
    func linesInThem(line: String, isRefused: Bool) throws {
        let found = try refusals("", [("usr/lib/tmpfiles.d/foo.conf", line)])
        #expect(found.isEmpty != isRefused, "\(line): \(found)")
    }
}
