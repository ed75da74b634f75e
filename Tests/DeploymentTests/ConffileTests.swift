import Glibc
import Linux
import TestSupport
import Testing

@testable import Deployment

@Suite struct ConffileTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let host: String?
        let old: String?
        let new: String
        let choice: ConffilePlan.Choice
        var testDescription: String { name }
    }

    /// dpkg's table, as its manual has it.
    static let cases = [
        Case(name: "new", host: nil, old: nil, new: "n", choice: .install),
        Case(name: "new, the same is there", host: "n", old: nil, new: "n", choice: .keep),
        Case(name: "new, another is there", host: "h", old: nil, new: "n", choice: .beside),
        Case(name: "changed by nobody", host: "o", old: "o", new: "o", choice: .keep),
        Case(name: "changed by the package", host: "o", old: "o", new: "n", choice: .install),
        Case(name: "changed by the administrator", host: "h", old: "o", new: "o", choice: .keep),
        Case(name: "changed by both", host: "h", old: "o", new: "n", choice: .beside),
        Case(name: "changed by both to the same", host: "n", old: "o", new: "n", choice: .keep),
        Case(name: "removed by the administrator", host: nil, old: "o", new: "o", choice: .keep),
        Case(name: "removed, and changed by the package", host: nil, old: "o", new: "n", choice: .beside),
    ]

    @Test(arguments: cases)
    func theRules(_ example: Case) {
        let host = example.host.map {
            HostFile.Found.file(HostFile(bytes: Array($0.utf8), mode: 0o644, owner: 0, group: 0))
        }
        #expect(
            ConffilePlan.choice(
                host: host ?? .nothing, old: example.old.map { Array($0.utf8) }, new: Array(example.new.utf8))
                == example.choice)
    }

    @Test func whatIsNoFileIsKept() {
        #expect(ConffilePlan.choice(host: .other, old: nil, new: []) == .beside)
        #expect(ConffilePlan.choice(host: .other, old: [1], new: [1]) == .keep)
    }

    @Test func anUpdateThatFailsBringsTheOldBytesBack() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            host.root.write("/etc/app/app.conf", "edited")
            host.root.write("/etc/app/app.conf.dpkg-dist", "of before")
            #expect(try await host.install("app 2.0 crash").result == .rolledBack)
            #expect(host.root.read("/etc/app/app.conf") == "edited")
            #expect(host.root.read("/etc/app/app.conf.dpkg-dist") == "of before")
            #expect(try await host.install("app 2.1 good").result == .done)
            #expect(host.root.read("/etc/app/app.conf") == "edited")
            #expect(host.root.read("/etc/app/app.conf.dpkg-dist") == "conf 2.1")
        }
    }

    @Test func anEditDuringProbationIsNotLost() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let staged = try await host.stage("app 2.0 crash-later")
            let id = try await host.engine.install(staged.token, DeploymentOptions())
            while host.engine.running?.phase != .probation { await host.breathe() }
            host.root.write("/etc/app/app.conf", "edited late")
            #expect(try await host.finish(id).result == .rolledBack)
            #expect(host.root.read("/etc/app/app.conf") == "conf 1.0")
            #expect(host.root.read("/etc/app/app.conf.gatekeel-save.dpkg-old") == "edited late")
        }
    }

    /// What others may have made of a conffile during probation, and what is there afterwards.
    @Test(arguments: ["grown", "folder", "above", "blocked"])
    func noConffileHoldsTheOldReleaseBack(_ what: String) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let staged = try await host.stage("app 2.0 crash-later")
            let id = try await host.engine.install(staged.token, DeploymentOptions())
            while host.engine.running?.phase != .probation { await host.breathe() }
            let path = "\(host.root.path)/etc/app/app.conf"
            switch what {
            case "grown": #expect(truncate(path, off_t(HostFile.limit + 1)) == 0)
            case "folder":
                try Files.remove(path)
                try Files.makeDirectories("\(path)/own")
            case "above":
                try Files.removeTree("\(host.root.path)/etc/app")
                host.root.write("/etc/app", "a file now")
            default:
                // What was edited cannot be kept: a folder has the name.
                host.root.write("/etc/app/app.conf", "edited")
                try Files.makeDirectories("\(path).gatekeel-save.dpkg-old/own")
            }
            for _ in 1...100_000 where host.engine.running != nil {
                if host.engine.active?.events.isWaiting == true, let delay = host.scheduler.nextDelay {
                    // Long before the way back would be tried a second time.
                    guard host.engine.active?.failures ?? 0 < 2 else { break }
                    host.scheduler.advance(by: delay)
                }
                await host.breathe()
            }
            let status = try #require(host.engine.deployment(id))
            #expect(status.result == .rolledBack)
            #expect(host.systemd.running == ["app.service: 1.0 good"])
            #expect(status.reason?.token == "probation")
            let isPutBack = what == "grown" || what == "folder"
            #expect((host.root.read("/etc/app/app.conf") == "conf 1.0") == isPutBack)
            #expect(
                (status.reason?.text.firstOccurrence(of: "/etc/app/app.conf could not be put back") != nil)
                    == !isPutBack)
            if isPutBack { #expect(host.root.exists("/etc/app/app.conf.gatekeel-save.dpkg-old")) }
            await host.stop()
        }
    }

    /// A service that owns the folder of its configuration can put a FIFO there, under any name.
    @Test(.timeLimit(.minutes(patience)), arguments: ["app.conf", ".app.conf.gatekeel-new", "app.conf.dpkg-dist"])
    func aFIFOHoldsNothingUp(name: String) async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            let path = "\(host.root.path)/etc/app/\(name)"
            try Files.remove(path)
            #expect(mkfifo(path, 0o666) == 0)
            #expect(try await host.install("app 2.0 good").result == .done)
            #expect(host.systemd.running == ["app.service: 2.0 good"])
            #expect(try await host.finish(try await host.engine.rollback("app")).result == .done)
            #expect(host.systemd.running == ["app.service: 1.0 good"])
        }
    }
}
