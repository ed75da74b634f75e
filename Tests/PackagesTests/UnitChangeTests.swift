import Testing

@testable import Packages

@Suite struct UnitChangeTests {
    private static let service = "[Unit]\nDescription=A\n[Service]\nExecStart=/usr/bin/a\n"

    @Test(arguments: [
        ("", true), ("# 2.0\n", true), ("Environment=A=1\n", true), ("ProtectSystem=strict\n", true),
        ("ExecStartPre=/usr/bin/b\n", true), ("ExecStop=/usr/bin/b\n", false), ("ExecStopPost=/usr/bin/b\n", false),
        ("KillMode=process\n", false), ("KillSignal=SIGINT\n", false), ("TimeoutStopSec=1\n", false),
        ("TimeoutSec=1\n", false), ("WatchdogSec=1\n", false), ("RuntimeMaxSec=1\n", false),
        ("PIDFile=/run/a\n", false),
        ("MemoryMax=1M\n", false), ("PrivateDevices=yes\n", false), ("RuntimeDirectory=a\n", false),
        ("ExecStart=/usr/bin/b\n", false), ("User=b\n", false), ("[Unit]\nBindsTo=b.service\n", false),
        ("[Unit]\nAfter=b.service\n", false), ("[Install]\nWantedBy=multi-user.target\n", false),
        ("FutureSetting=1\n", false), ("no setting\n", false),
    ])
    func addedSettingsConcernStartsOnly(_ lines: String, _ isOfStartsAlone: Bool) {
        let (old, new) = (Array(Self.service.utf8), Array((Self.service + lines).utf8))
        #expect(UnitChange(from: old, to: new).isOfStartsAlone == isOfStartsAlone)
        #expect(UnitChange(from: new, to: old).isOfStartsAlone == isOfStartsAlone)
        #expect(UnitChange(from: new, to: new).isOfStartsAlone)
    }

    @Test func filesWithUnknownLinesAreComparedByteForByte() {
        let (one, other) = (Array("# 1\nno setting\n".utf8), Array("# 2\nno setting\n".utf8))
        #expect(UnitChange(from: one, to: one).isOfStartsAlone)
        #expect(!UnitChange(from: one, to: other).isOfStartsAlone)
    }
}

@Suite struct DataFolderTests {
    @Test(
        arguments: [
            ("StateDirectory=a b/c\nLogsDirectory=%p\n", ["/var/lib/a", "/var/lib/b/c", "/var/log/foo"]),
            ("CacheDirectory=a:b\nStateDirectory=\n", ["/var/cache/a", "/var/cache/b"]),
            ("DynamicUser=yes\nStateDirectory=a\n", ["/var/lib/a", "/var/lib/private/a"]),
            // Folders per instance, folders of the host or of other programs, and one that is reset.
            ("StateDirectory=%i\n", []), ("StateDirectory=systemd ../etc dpkg/x\n", []),
            ("StateDirectory=a\nStateDirectory=\nRuntimeDirectory=a\n", []),
        ] as [(String, [String])])
    func foldersThatSystemdCreatesAndKeepsAreFound(_ lines: String, _ folders: [String]) throws {
        let name = try #require(UnitName("foo@.service"))
        let unit = UnitFile(name: name, path: "", bytes: Array("[Service]\n\(lines)".utf8))
        let found = PackagedUnit(unit).dataFolders
        #expect(found.map { $0.hasSuffix("/foo@") ? String($0.dropLast()) : $0 }.sorted() == folders)
    }
}
