import State
import TestSupport
import Testing

@testable import Deployment

/// The time that certificates are checked at is raised by accepted signatures only.
@Suite struct SignedTimeTests {
    @Test func aClockThatWasWrongOnceLeavesNothingBehind() async throws {
        try await onLoop {
            let host = Harness()
            host.now = 1_834_000_000
            try await host.start()
            let early = "two 1.0 good signed=1790000000 expires=1820000000"
            let error = await #expect(throws: DeploymentError.self) { _ = try await host.stage(early) }
            #expect(error?.text.contains("this gateway's clock says 2028-02-12") == true)
            _ = try await host.stage("app 1.0 good signed=1780000000")
            host.now = 1_800_000_000
            _ = try await host.stage(early)
            try await host.start()
            #expect(host.engine.verificationTime.seconds == 1_800_000_000)
        }
    }

    @Test func anExpiredCertificateStaysExpiredWhenTheClockIsSetBack() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            _ = try await host.stage("app 1.0 good signed=1799000000")
            // An older one does not lower it, and neither does a restart.
            _ = try await host.stage("two 1.0 good signed=1700000000")
            try await host.start()
            host.now = 1_700_000_000
            let error = await #expect(throws: DeploymentError.self) {
                _ = try await host.stage("three 1.0 good expires=1798000000")
            }
            #expect(error?.code == .badSignature)
            #expect(error?.text.contains("'app' 1.0 was signed on 2027-01-03") == true)
            #expect(error?.text.contains("gatekeel time reset") == true)
            #expect(
                host.engine.signedTime
                    == SignedTime(seconds: 1_799_000_000, package: "app", version: "1.0", signer: "CN=fleet"))
        }
    }

    @Test func aPackageThatIsRefusedRaisesNothing() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            _ = try? await host.stage("app 1.0 good signed=1795000000 expires=1796000000")
            #expect(host.engine.signedTime == nil)
            try await host.start()
            #expect(host.engine.signedTime == nil)
        }
    }

    @Test func rootCanCorrectIt() async throws {
        try await onLoop {
            let host = Harness()
            try await host.start()
            _ = try await host.stage("app 1.0 good signed=1900000000")
            let late = "two 1.0 good signed=1799000000 expires=1850000000"
            await #expect(throws: DeploymentError.self) { _ = try await host.stage(late) }
            try await host.engine.resetSignedTime()
            _ = try await host.stage(late)
            try await host.start()
            #expect(host.engine.signedTime?.package == "two")
        }
    }

    /// Earlier releases remembered the clock's time; what they wrote locks nobody out.
    @Test func aTimeOfTheClockThatWasStoredIsNotUsed() async throws {
        try await onLoop {
            let host = Harness()
            var record = Record(kind: "clock")
            record.add("newest", 4_000_000_000)
            record.add("of-a-newer-release", "x")
            host.root.write(
                "/var/lib/gatekeel/journal/clock", String(decoding: CheckedFile.checked(record.bytes), as: UTF8.self))
            try await host.start()
            #expect(host.engine.signedTime == nil)
            _ = try await host.stage("app 1.0 good signed=1799000000 expires=1850000000")
            let stored = host.root.read("/var/lib/gatekeel/journal/clock") ?? ""
            #expect(stored.contains("signed=1799000000\tapp\t1.0\tCN=fleet\n"))
            #expect(stored.contains("of-a-newer-release=x\n") && !stored.contains("newest"))
        }
    }
}
