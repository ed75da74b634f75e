import EventLoop
import Glibc
import Linux
import LwM2M
import State
import TestSupport
import Testing

@testable import LwM2MClient

@Suite struct ServerAccountsTests {
    private static func seed(_ name: String, _ id: UInt16, lifetime: UInt32 = 300) -> ServerAccount.Seed {
        ServerAccount.Seed(
            name: name, shortServerID: id, endpoint: ServerEndpoint(host: "::1", port: 5683, security: .noSec),
            settings: ServerSettings(lifetime: lifetime))
    }

    private static func folder() throws -> String {
        let path = "/tmp/gatekeel-accounts-\(getpid())-\(randomBytes(4).map { "\($0)" }.joined(separator: "."))"
        try Files.makeDirectories(path)
        return path
    }

    @Test func whatAServerWritesSurvivesAndWinsUntilItsSectionChanges() async throws {
        let file = try Self.folder() + "/accounts"
        try await onLoop {
            let first = ServerAccounts(seeds: [Self.seed("main", 7)], path: file)
            try await first.change(0) { $0.lifetime = 60 }
            try await first.attach(
                0, Path(3, 0, 9),
                try AttributeUpdate(
                    ["pmin=5", "gt=20.5", "epmin=2", "epmax=7", "con=0", "hqmax=3"], at: Path(3, 0, 9), .device, .v12))
            try await first.attach(
                0, Path(30000, 0, 9), try AttributeUpdate(["edge=1"], at: Path(30000, 0, 9), TestObject.table, .v12))

            let again = ServerAccounts(seeds: [Self.seed("other", 8), Self.seed("main", 7)], path: file)
            #expect(again.all.map(\.name) == ["main", "other"])
            #expect(again[0]?.settings.lifetime == 60)
            #expect(
                again.attributes(0)[Path(3, 0, 9)]
                    == Attributes(
                        minimumPeriod: 5, greaterThan: 20.5, minimumEvaluationPeriod: 2, maximumEvaluationPeriod: 7,
                        confirmable: false, maximumHistoricalQueue: 3))
            #expect(again.attributes(0)[Path(30000, 0, 9)] == Attributes(risingEdge: true))
            #expect(again.takeNotes() == [])

            let edited = ServerAccounts(seeds: [Self.seed("main", 7, lifetime: 900)], path: file)
            #expect(edited[0]?.settings.lifetime == 900)
            #expect(edited.takeNotes() == [.configurationWon(name: "main")])
            #expect(edited.attributes(0)[Path(3, 0, 9)].minimumPeriod == 5)
        }
    }

    /// Earlier releases took lifetimes from 1 s.
    @Test(arguments: [(1, 10), (9, 10), (10, 10), (UInt32.max, UInt32(Int32.max))] as [(UInt32, UInt32)])
    func aLifetimeOfAnEarlierReleaseIsBroughtIntoTheLimits(stored: UInt32, used: UInt32) async throws {
        let file = try Self.folder() + "/accounts"
        try await onLoop {
            let seed = Self.seed("main", 7)
            let text = """
                gatekeel-accounts 1
                account main 0 \(seed.fingerprint)
                  lifetime \(stored)
                  storing 1
                  binding U

                """
            try Files.replace(file, with: CheckedFile.checked(text.utf8))
            let accounts = ServerAccounts(seeds: [seed], path: file)
            #expect(accounts[0]?.settings.lifetime == used)
            #expect(accounts.takeNotes() == [])
            // The server can write its other settings.
            try await accounts.change(0) { $0.defaultMinimumPeriod = 5 }
        }
    }

    @Test func aReloadThatCannotBeStoredChangesAndTellsNothing() async throws {
        let file = try Self.folder() + "/accounts"
        try await onLoop {
            let accounts = ServerAccounts(seeds: [Self.seed("main", 7)], path: file)
            try await accounts.change(0) { $0.lifetime = 60 }
            // A folder in the place of the file cannot be replaced.
            try Files.remove(file)
            try Files.makeDirectories(file)
            await #expect(throws: OperationError.self) {
                try await accounts.reload([Self.seed("main", 7, lifetime: 900), Self.seed("other", 8)])
            }
            #expect(accounts.all.map(\.name) == ["main"])
            #expect(accounts[0]?.settings.lifetime == 60)
            #expect(accounts.takeNotes() == [])
        }
    }

    @Test func aDamagedFileFallsBackToTheStateBefore() async throws {
        let file = try Self.folder() + "/accounts"
        try await onLoop {
            let accounts = ServerAccounts(seeds: [Self.seed("main", 7)], path: file)
            try await accounts.change(0) { $0.lifetime = 60 }
            try await accounts.change(0) { $0.lifetime = 61 }
            var bytes = try Files.read(file, limit: 65536)
            bytes[30] ^= 1
            try Files.replace(file, with: bytes)
            let again = ServerAccounts(seeds: [Self.seed("main", 7)], path: file)
            #expect(again[0]?.settings.lifetime == 60)
            #expect(again.takeNotes() == [.previousStateTaken])

            // The next write must not put the damaged bytes over the good copy.
            try await again.change(0) { $0.lifetime = 62 }
            let third = ServerAccounts(seeds: [Self.seed("main", 7)], path: file)
            #expect(third[0]?.settings.lifetime == 62)
            try Files.replace(file, with: [1])
            let fourth = ServerAccounts(seeds: [Self.seed("main", 7)], path: file)
            #expect(fourth[0]?.settings.lifetime == 60)
        }
    }

    @Test(arguments: [EIO, EACCES]) func aFileThatCannotBeReadIsKept(code: Int32) async throws {
        let file = try Self.folder() + "/accounts"
        try await onLoop {
            let accounts = ServerAccounts(seeds: [Self.seed("main", 7)], path: file)
            try await accounts.change(0) { $0.lifetime = 60 }
            let bytes = try Files.read(file, limit: 65536)
            for path in [file, file + ".previous"] { ReadFaults.set(code, for: path) }
            let blind = ServerAccounts(seeds: [Self.seed("main", 7)], path: file)
            #expect(blind[0]?.settings.lifetime == 300)
            guard case .stateKept? = blind.takeNotes().first else {
                Issue.record("nobody is told")
                return
            }
            try await blind.save()
            let error = await #expect(throws: OperationError.self) { try await blind.change(0) { $0.lifetime = 61 } }
            #expect(error?.code == .internalServerError)
            for path in [file, file + ".previous"] { ReadFaults.set(nil, for: path) }
            #expect(try Files.read(file, limit: 65536) == bytes)
            #expect(ServerAccounts(seeds: [Self.seed("main", 7)], path: file)[0]?.settings.lifetime == 60)
        }
    }

    @Test func linesOfANewerReleaseAreWrittenBack() throws {
        let text = """
            gatekeel-accounts 1
            quota 9
            account main 0 0123456789abcdef
              lifetime 60
              storing 1
              binding U
              attributes /3/0/9 pmin=5
              attributes /3/0/13 pmin=5 band=1
              mute-sending 1

            """
        let state = try #require(try AccountState(bytes: Array(text.utf8)))
        #expect(state.entries.first?.settings.lifetime == 60)
        #expect(state.entries.first?.attributes[Path(3, 0, 9)].minimumPeriod == 5)
        #expect(state.others == ["quota 9"])
        #expect(state.entries.first?.others == ["attributes /3/0/13 pmin=5 band=1", "mute-sending 1"])
        let again = String(decoding: state.bytes, as: UTF8.self)
        #expect(again == text)
        #expect(throws: NewerFormat.self) { try AccountState(bytes: Array("gatekeel-accounts 2\n".utf8)) }
        #expect(try AccountState(bytes: Array("gatekeel-accounts 1\naccount main 0 0\n  lifetime x\n".utf8)) == nil)
    }

    @Test func anyNameAndEverySettingComeBack() async throws {
        let file = try Self.folder() + "/accounts"
        try await onLoop {
            let accounts = ServerAccounts(seeds: [Self.seed("a name = %\n", 7)], path: file)
            try await accounts.change(0) {
                $0 = ServerSettings(
                    lifetime: 11, defaultMinimumPeriod: 2, defaultMaximumPeriod: 3, disableTimeout: 4,
                    notificationStoring: false)
                $0.registrationPriority = 5
                $0.initialRegistrationDelay = 6
                $0.registrationFailureBlock = true
                $0.bootstrapOnRegistrationFailure = false
                $0.communicationRetryCount = 7
                $0.communicationRetryTimer = 8
                $0.communicationSequenceDelay = .max
                $0.communicationSequenceCount = 9
                $0.preferredTransport = "T"
            }
            let again = ServerAccounts(seeds: [Self.seed("a name = %\n", 7)], path: file)
            #expect(again.all == accounts.all)
            #expect(again.takeNotes() == [])
        }
    }

    @Test func aWriteThatCannotBeStoredChangesNothing() async {
        await onLoop {
            let accounts = ServerAccounts(seeds: [Self.seed("main", 7)], path: "/proc/gatekeel-is-not-here/accounts")
            await #expect(throws: OperationError.self) { try await accounts.change(0) { $0.lifetime = 60 } }
            #expect(accounts[0]?.settings.lifetime == 300)
        }
    }

    @Test func whatIsNotPossibleIsABadRequest() async {
        await onLoop {
            let accounts = ServerAccounts(seeds: [Self.seed("main", 7)], path: nil)
            for edit: @LoopActor (inout ServerSettings) -> Void in [
                { $0.lifetime = 9 }, { $0.lifetime = .max }, { $0.binding = "T" }, { $0.disableTimeout = .max },
                { $0.communicationRetryCount = 0 }, { $0.communicationRetryTimer = 0 },
                { $0.communicationSequenceCount = 0 }, { $0.preferredTransport = "u" },
                { $0.initialRegistrationDelay = .max },
            ] {
                await #expect { try await accounts.change(0, edit) } throws: {
                    ($0 as? OperationError)?.code == .badRequest
                }
            }
            await #expect { try await accounts.change(3) { $0.lifetime = 9 } } throws: {
                ($0 as? OperationError)?.code == .notFound
            }
        }
    }

    @Test func aSectionThatCannotBeUsedForNowLosesNothing() async throws {
        let file = try Self.folder() + "/accounts"
        try await onLoop {
            let first = ServerAccounts(seeds: [Self.seed("main", 7)], path: file)
            try await first.change(0) { $0.lifetime = 60 }
            try await first.attach(0, Path(3, 0, 9), try AttributeUpdate(["pmin=5"], at: Path(3, 0, 9), .device))
            // Its key file is refused, another account comes, and the state is written anew.
            let second = ServerAccounts(seeds: [Self.seed("other", 8)], dormant: ["main"], path: file)
            #expect(second.all.map { "\($0.name)\($0.instance)" } == ["other1"])
            try await second.save()
            try await second.change(1) { $0.lifetime = 61 }
            try await second.reload([Self.seed("other", 8)], dormant: ["main"])
            let third = ServerAccounts(seeds: [Self.seed("main", 7), Self.seed("other", 8)], path: file)
            #expect(third.all.map { "\($0.name)\($0.settings.lifetime)" } == ["main60", "other61"])
            #expect(third.attributes(0)[Path(3, 0, 9)].minimumPeriod == 5)
            // A section that is gone is forgotten.
            try await third.reload([Self.seed("other", 8)])
            #expect(ServerAccounts(seeds: [Self.seed("main", 7)], path: file)[0]?.settings.lifetime == 300)
        }
    }

    @Test func instancesStayWithTheirNames() async throws {
        let file = try Self.folder() + "/accounts"
        try await onLoop {
            let first = ServerAccounts(seeds: [Self.seed("a", 1), Self.seed("b", 2)], path: file)
            try await first.save()
            let second = ServerAccounts(seeds: [Self.seed("c", 3), Self.seed("b", 2)], path: file)
            #expect(second.all.map { "\($0.name)\($0.instance)" } == ["c0", "b1"])
        }
    }
}
