import EventLoop
import Linux
import Packages
import TestSupport
import Testing

@testable import Deployment

/// What apt does to a host on which packages are installed.
@Suite struct HostFitTests {
    private func dpkg(_ host: Harness, _ packages: String...) {
        host.root.write(
            "/var/lib/dpkg/status",
            packages.map { package in
                let words = package.split(separator: " ")
                return
                    "Package: \(words[0])\nStatus: install ok installed\nVersion: \(words[1])\nArchitecture: all\n\n"
            }.joined())
    }

    @Test func aLibraryThatIsRemovedIsMissed() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            dpkg(host, "libkeel 1.2")
            try await host.install("app 1.0 good depends=libkeel")
            try await host.install("other 1.0 good")
            #expect(try await host.engine.hostProblems() == [:])
            dpkg(host, "libfoo 1.0")
            let problems = try await host.engine.hostProblems()
            #expect(problems.keys.sorted() == ["app"])
            #expect(
                problems["app"] == ["Depends: libkeel is not met (not installed); install it with apt first"])
            dpkg(host, "libkeel 1.3")
            #expect(try await host.engine.hostProblems() == [:])
        }
    }

    @Test func theSamePackageByAptIsAConflict() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            dpkg(host, "libkeel 1.2")
            try await host.install("app 1.0 good")
            dpkg(host, "app 2.0")
            let problems = try await host.engine.hostProblems()
            #expect(problems["app"]?.count == 1)
            #expect(problems["app"]?.first?.hasPrefix("dpkg has installed app 2.0 on this host") == true)
        }
    }

    @Test(arguments: ["/usr/lib/systemd/system/app.service", "/lib/systemd/system/app.service"])
    func aUnitThatAptBringsIsReported(path: String) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            dpkg(host)
            try await host.install("app 1.0 good")
            host.root.write("/usr/lib/systemd/system/other.service", "[Service]\nExecStart=/usr/bin/other\n")
            // An administrator's own copy is a decision.
            host.root.write("/etc/systemd/system/app.service", "[Service]\nExecStart=/usr/bin/app -v\n")
            #expect(try await host.engine.hostProblems() == [:])
            host.root.write(path, "[Service]\nExecStart=/usr/bin/other\n")
            let problems = try await host.engine.hostProblems()["app"] ?? []
            #expect(problems.count == 1 && problems[0].contains("'app.service' takes the place of"), "\(problems)")
        }
    }

    @Test func aConffileThatAptPurgedIsNamedWithItsCopy() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            dpkg(host)
            try await host.install("app 1.0 good")
            #expect(try await host.engine.hostProblems() == [:])
            try Files.remove("\(host.root.path)/etc/app/app.conf")
            let problem = try await host.engine.hostProblems()["app"]?.first ?? ""
            #expect(problem.contains("/etc/app/app.conf is gone"))
            let copy = "\(host.root.path)/var/lib/gatekeel/packages/app/1.0/conffiles/etc/app/app.conf"
            #expect(problem.hasSuffix("copy it back from \(copy)"))
            #expect(try Files.exists(copy))
            // It is missed until it is back.
            #expect(try await host.engine.hostProblems().count == 1)
            host.root.write("/etc/app/app.conf", "back")
            #expect(try await host.engine.hostProblems() == [:])
            // Of an update that does not have it any more, nothing is missed.
            #expect(try await host.install("app 2.0 good noconf migrate=rm_conffile:/etc/app/app.conf").result == .done)
            #expect(try await host.engine.hostProblems() == [:])
        }
    }

    @Test func aDatabaseThatCannotBeReadIsNoAnswer() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            #expect(try await host.engine.hostProblems() == [:])
            try await host.install("app 1.0 good")
            try Files.remove(host.root.path + DpkgStatus.path)
            await #expect(throws: (any Error).self) { try await host.engine.hostProblems() }
        }
    }
}
