import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@testable import Deployment

/// One read or write fails, each in turn, at every named place that an operation passes: the operation has happened wholly
/// or not at all, what ran runs, and nothing is left over.
@Suite(.serialized) struct FaultTests {
    enum Way: String, Sendable, CaseIterable, CustomTestStringConvertible {
        case update = "app 2.0 good"
        case crash = "app 2.0 crash"
        case unhealthy = "app 2.0 unhealthy health"
        case rollback, remove
        case migrations = "with migrations"
        case unmade = "with migrations, crash"

        var testDescription: String { rawValue }

        @LoopActor
        func go(_ host: Harness) async throws -> DeploymentStatus {
            switch self {
            case .update, .crash, .unhealthy: try await host.install(rawValue)
            case .migrations: try await host.install(MigrationTests.new("good"))
            case .unmade: try await host.install(MigrationTests.new("crash"))
            case .rollback: try await host.finish(try await host.engine.rollback("app"))
            case .remove: try await host.finish(try await host.engine.remove("app", purge: false))
            }
        }

        /// What may run afterwards.
        var outcomes: [String?] {
            switch self {
            case .update, .migrations: ["1.0", "2.0"]
            case .crash, .unhealthy, .unmade: ["1.0"]
            case .rollback: ["0.9", "1.0"]
            case .remove: ["1.0", nil]
            }
        }
    }

    @Test(arguments: Way.allCases)
    func aFaultAnywhereLeavesOneRelease(_ way: Way) async throws {
        try await onLoop {
            // In part: every second place of an update, every fifth of the others. GATEKEEL_FAULTS=whole takes all.
            let isWhole = getenv("GATEKEEL_FAULTS").map { String(cString: $0) } == "whole"
            for place in stride(from: 1, through: 1000, by: isWhole ? 1 : way == .update ? 2 : 5) {
                let host = try await Harness.with("app 0.9 good")
                let migrates = way == .migrations || way == .unmade
                try await host.install(migrates ? MigrationTests.old : "app 1.0 good")
                if migrates { MigrationTests.edit(host) }
                let fault = Fault(at: place)
                try await host.start(fault.passage)
                let status = try? await way.go(host)
                guard fault.hasFailed else { return }
                let comment = Comment(rawValue: "\(fault.name) (\(place)): \(status.map { "\($0)" } ?? "refused")")
                let current = try Store(host.root.paths).release(.current, of: "app")
                #expect(way.outcomes.contains(current), comment)
                if migrates {
                    let expected = current == "1.0" ? MigrationTests.before : MigrationTests.after
                    #expect(MigrationTests.etc(host) == expected, comment)
                }
                #expect(host.systemd.running == (current.map { ["app.service: \($0) good"] } ?? []), comment)
                #expect(host.systemd.enabled == (current == nil ? [] : ["app.service"]), comment)
                if current != nil { #expect(host.mixture(of: "app") == [], comment) }
                #expect(
                    host.root.tree("/var/lib/gatekeel/journal").filter { $0.hasPrefix("deployment") } == [], comment)
                #expect(host.engine.running == nil, comment)
            }
        }
    }

    /// A staged package that could not be dropped is there as before, and can be dropped; one that is gone is no failure.
    @Test(arguments: ["deployment.discard.before", "deployment.discard.after"])
    func whatCannotBeDiscardedIsStillStaged(_ place: String) async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            let staged = try await host.stage("app 1.0 good")
            var passage = Passage()
            let once = Once(place)
            passage.probe = { try once.pass($0) }
            try await host.start(passage)
            if place.hasSuffix("before") {
                await #expect(throws: DeploymentError.self) { try await host.engine.discard(staged.token) }
                #expect(try host.engine.staged() == Store(host.root.paths).loadStaged().packages)
            }
            try await host.engine.discard(staged.token)
            #expect(once.hasFailed)
            #expect(host.engine.staged().isEmpty)
            #expect(host.root.tree("/var/lib/gatekeel/staged") == [])
        }
    }

    /// The journal is written, but its folder cannot be made durable: what is refused must not be done at the next start.
    @Test func aRefusedRequestLeavesNoJournal() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            var passage = Passage()
            let once = Once("deployment.journal.after")
            passage.probe = { try once.pass($0) }
            try await host.start(passage)
            await #expect(throws: DeploymentError.self) { try await host.engine.remove("app", purge: false) }
            try await host.start()
            await host.settle()
            #expect(host.systemd.running == ["app.service: 1.0 good"])
        }
    }

    /// The reason is told once, and not that the old release does not run when it does.
    @Test func whatIsTriedAgainOnTheWayBackIsNoReason() async throws {
        try await onLoop {
            let host = try await Harness.with("app 1.0 good")
            var passage = Passage()
            let once = Once("deployment.revert-start.before")
            passage.probe = { try once.pass($0) }
            try await host.start(passage)
            let status = try await host.install("app 2.0 crash")
            #expect(once.hasFailed)
            #expect(status.result == .rolledBack)
            #expect(status.reason?.text.contains("does not run") == false)
            #expect(host.systemd.running == ["app.service: 1.0 good"])
        }
    }
}

/// Fails at the first passage of one place.
private final class Once: @unchecked Sendable {
    // Sendable: `failed` is touched only under `lock`.
    private let lock = Mutex()
    private let wanted: String
    private var failed = false

    init(_ wanted: String) { self.wanted = wanted }

    func pass(_ name: String) throws {
        try lock.withLock {
            guard name == wanted, !failed else { return }
            failed = true
            throw Errno(EIO, "fault \(name)")
        }
    }

    var hasFailed: Bool { lock.withLock { failed } }
}
