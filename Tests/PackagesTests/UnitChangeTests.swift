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
    func whatIsAddedCountsAtAStartAlone(_ lines: String, _ isOfStartsAlone: Bool) {
        let (old, new) = (Array(Self.service.utf8), Array((Self.service + lines).utf8))
        #expect(UnitChange(from: old, to: new).isOfStartsAlone == isOfStartsAlone)
        #expect(UnitChange(from: new, to: old).isOfStartsAlone == isOfStartsAlone)
        #expect(UnitChange(from: new, to: new).isOfStartsAlone)
    }

    @Test func whatIsNotUnderstoodIsTheSameOnlyByteForByte() {
        let (one, other) = (Array("# 1\nno setting\n".utf8), Array("# 2\nno setting\n".utf8))
        #expect(UnitChange(from: one, to: one).isOfStartsAlone)
        #expect(!UnitChange(from: one, to: other).isOfStartsAlone)
    }
}
