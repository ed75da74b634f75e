import EventLoop
import Glibc
import LwM2M
import LwM2MClient
import Linux
import State
import TestSupport
import Testing

@testable import HostObjects

/// What survives kills and reboots.
extension SoftwareManagementTests {
    @Test func aPushThatWasInterruptedByAKillIsToldAsLost() async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            let sink = try #require(try rig.object.sink(0, 2, size: nil))
            _ = sink.append([1])
            await rig.settle {
                let bytes = (try? Files.read("\(rig.folder.path)/0.record", limit: 65536)) ?? []
                return String(decoding: bytes, as: UTF8.self).contains("State=1\n")
            }
            await rig.restart()
            #expect(rig.state() == "0 52 false")
            #expect(rig.read(16).hasPrefix("interrupted:"))
        }
    }

    @Test func aPullGoesOnAfterAKill() async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            try await rig.object.write(0, [3: .single(.string("http://h/x.deb"))], mode: .update)
            await rig.settle { rig.fetcher.attempts.count == 1 }
            await rig.restart()
            #expect(rig.state() == "1 1 false")
            rig.installer.stageAnswer = .success(Self.one)
            rig.fetcher.answer = .success([1])
            await rig.settle { rig.state() == "3 3 false" }
            #expect(rig.fetcher.fetched == ["http://h/x.deb", "http://h/x.deb"])
        }
    }

    @Test func aDeliveryIsKeptAndOneThatIsGoneIsTold() async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            _ = try await rig.push(Self.one)
            await rig.restart()
            #expect(rig.state() == "3 3 false")
            #expect(rig.read(0) == "keel")
            rig.installer.staged = []
            await rig.restart()
            #expect(rig.state() == "0 0 false")
            #expect(rig.read(16).hasPrefix("lost:"))
        }
    }

    @Test func aDeliveryThatRootInstallsIsTold() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            _ = try await rig.push(Self.one)
            rig.installer.staged = []
            rig.installer.remember(deployment: "d-root", of: "t-1")
            let package = InstalledPackage(name: "keel", version: Self.one.version, active: true)
            rig.installer.packages = [package]
            await rig.object.packageChanged(package)
            #expect(rig.state() == "3 3 true")
            await rig.object.deploymentEnded(of: "t-1")
            await rig.settle { rig.state() == "4 2 true" }
            #expect(rig.state() == "4 2 true")
        }
    }

    @Test(arguments: [(DeploymentEnd.done, "4 2 true"), (.failed("why: x"), "3 58 false")])
    func anInstallThatWasUnderWayIsFollowedToItsEnd(end: DeploymentEnd, state: String) async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            _ = try await rig.push(Self.one)
            rig.installer.outcome = nil
            let installing = rig
            LoopActor.spawn { try? await installing.object.execute(0, 4, []) }
            await rig.settle { rig.installer.calls.last == "install t-1 true" }
            // The agent dies; the installer goes on and ends.
            if end == .done {
                rig.installer.staged = []
                rig.installer.packages = [InstalledPackage(name: "keel", version: "1.0", active: true)]
            }
            rig.installer.outcome = end
            await rig.restart()
            let restarted = rig
            await rig.settle { restarted.state() == state }
        }
    }

    @Test func anInstallWhoseAnswerWasLostIsFollowedToItsEnd() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            _ = try await rig.push(Self.one)
            rig.installer.loseAnswers = true
            rig.installer.installsKeel("1.0", active: true)
            // The installer had begun when it died; it is back at once and ends its work.
            try await rig.object.execute(0, 4, [])
            #expect(rig.state() == "4 2 true")
        }
    }

    @Test func anInstallThatDidNotArriveIsAskedForAgain() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            _ = try await rig.push(Self.one)
            rig.installer.loseInstall = true
            rig.installer.installsKeel("1.0", active: true)
            try await rig.object.execute(0, 4, [])
            #expect(rig.state() == "4 2 true")
        }
    }

    @Test func aPackageIsStagedAgainWhenTheInstallerDiedOverIt() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            rig.installer.loseAnswers = true
            let response = try await rig.push(Self.one)
            #expect(response.code == .changed)
            // The copy that it could not tell of is nobody's.
            #expect(rig.installer.calls == ["stage 4", "discard lost", "stage 4"])
            #expect(rig.installer.staged.map(\.token) == ["t-1"])
            #expect(rig.state() == "3 3 false")
        }
    }

    /// The agent was killed in an update; the installer tells of the package while the records are being read.
    @Test func whatIsToldBeforeTheRecordsAreReadDoesNotWriteOverThem() async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            _ = try await rig.object.create(3, [:])
            try await rig.install("1.0", to: 3)
            try await rig.object.execute(3, 6, [ExecuteArgument(digit: 1)])
            for _ in 1...2 {
                await rig.restart { object in
                    await object.installerAppeared()
                    await object.packageChanged(InstalledPackage(name: "keel", version: "1.0", active: true))
                    await object.packageRemoved("keel")
                }
                #expect(rig.object.instances == [0, 3])
                #expect(rig.state(3) == "0 0 true")
            }
        }
    }

    /// Killed when the record said "delivered" and the bytes were still there.
    @Test func bytesThatNobodyWaitsForGoAtTheStart() async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            _ = try await rig.push(Self.one)
            for name in ["0.package", "0.package.part", "7.package"] {
                try Files.replace("\(rig.folder.path)/\(name)", with: [1, 2, 3])
            }
            await rig.restart()
            #expect(rig.state() == "3 3 false")
            #expect(try Files.names(in: rig.folder.path).filter { $0.contains("package") } == [])
        }
    }

    /// Between the two stagings an operator stages a package of his own.
    @Test func whatAnOperatorStagesMeanwhileIsKept() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            rig.installer.loseAnswers = true
            rig.installer.duringStage = { [installer = rig.installer] in
                installer.staged = [DeliveredPackage(token: "operator", name: "other", version: "1")]
                installer.sizes["operator"] = 99
                installer.duringStage = nil
            }
            let response = try await rig.push(Self.one)
            #expect(response.code == .changed)
            #expect(rig.installer.calls == ["stage 4", "discard lost", "stage 4"])
            #expect(rig.installer.staged.map(\.token) == ["operator", "t-1"])
        }
    }

    @Test func aDiscardWhoseAnswerWasLostIsAskedForAgain() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            _ = try await rig.push(Self.one)
            rig.installer.loseAnswers = true
            try await rig.object.execute(0, 6, [])
            #expect(rig.installer.staged.isEmpty)
            #expect(rig.state() == "0 0 false")
        }
    }

    /// The installer dies over an operation, or before it: what it began goes on, and what it never got is asked for again.
    @Test(arguments: [10 as UInt16, 11, 6], [true, false])
    func anOperationWhoseAnswerWasLostIsFollowed(resource: UInt16, hasBegun: Bool) async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            let package = InstalledPackage(name: "keel", version: "1.0", active: resource == 11)
            rig.installer.packages = [package]
            await rig.object.packageChanged(package)
            let operation = [10: "activate keel", 11: "deactivate keel", 6: "remove keel"][resource] ?? ""
            if hasBegun { rig.installer.loseAnswers = true } else { rig.installer.loseOperation = true }
            if resource == 6, hasBegun { rig.installer.packages = [] }
            try await rig.object.execute(1, resource, [])
            #expect(rig.installer.calls == [String](repeating: operation, count: hasBegun ? 1 : 2))
            #expect(try rig.object.read(1, 16) == .single(.string("")))
        }
    }

    @Test(arguments: [10 as UInt16, 11]) func anOperationIsRefusedWhileTheInstallerIsAway(resource: UInt16) async throws
    {
        await onLoop {
            let rig = Rig()
            await rig.object.start()
            let package = InstalledPackage(name: "keel", version: "1.0", active: resource == 11)
            rig.installer.packages = [package]
            await rig.object.packageChanged(package)
            rig.installer.isAway = true
            let error = await #expect(throws: OperationError.self) { try await rig.object.execute(1, resource, []) }
            #expect(error?.code == .internalServerError)
            #expect(rig.installer.calls.isEmpty)
        }
    }

    @Test func aDeliveryThatIsGoneWhenTheInstallerIsBackIsTold() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            _ = try await rig.push(Self.one)
            await rig.object.installerAppeared()
            #expect(rig.state() == "3 3 false")
            rig.installer.staged = []
            await rig.object.installerAppeared()
            #expect(rig.state() == "0 0 false")
            #expect(rig.read(16).hasPrefix("lost"))
        }
    }

    /// The write fails after the bytes are there: the next start must not find an instance that the server was refused.
    @Test func anInstanceThatCouldNotBeStoredLeavesNoRecord() async throws {
        await onLoop {
            var rig = Rig()
            await rig.object.start()
            rig.object.store.probe = { (place) throws(Errno) in
                if place == "state.write.after" { throw Errno(EIO, place) }
            }
            #expect(await code { _ = try await rig.object.create(2, [:]) } == "5.00")
            await rig.restart()
            #expect(rig.object.instances == [0])
        }
    }

    /// What a server was told is made durable later, when it could not be at once.
    @Test func aRecordThatCouldNotBeWrittenIsWrittenAgain() async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            rig.object.store.probe = { (place) throws(Errno) in throw Errno(ENOSPC, place) }
            _ = try await rig.push(Self.one)
            #expect(rig.state() == "3 3 false")
            rig.object.store.probe = nil
            let record = rig.object.store.record(0)
            #expect(try !Files.exists(record.path))
            await rig.settle {
                rig.scheduler.advance(by: .seconds(60))
                return (try? Files.exists(record.path)) == true
            }
            await rig.restart()
            #expect(rig.state() == "3 3 false")
        }
    }

    @Test func aRebootWithNothingPendingIsBackToTheOld() async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            try await rig.install("1.0")
            try await rig.object.execute(0, 6, [ExecuteArgument(digit: 1)])
            await rig.restart()
            #expect(rig.state() == "0 0 true")
            await rig.restart(boot: "boot-2")
            #expect(rig.state() == "4 2 true")
        }
    }

    /// That the installer did not answer does not mean that it has no such deployment.
    @Test func anInstallIsNotLostWhileTheInstallerDoesNotAnswer() async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            _ = try await rig.push(Self.one)
            rig.installer.outcome = nil
            let installing = rig
            LoopActor.spawn { try? await installing.object.execute(0, 4, []) }
            await rig.settle { rig.installer.calls.last == "install t-1 true" }
            rig.installer.staged = []
            rig.installer.packages = [InstalledPackage(name: "keel", version: "1.0", active: true)]
            rig.installer.outcome = .done
            rig.installer.hidesDeployments = true
            await rig.restart()
            #expect(rig.state() == "3 3 true")
            rig.installer.hidesDeployments = false
            await rig.object.installerAppeared()
            let restarted = rig
            await rig.settle { restarted.state() == "4 2 true" }
        }
    }

    @Test(arguments: [EIO, EACCES]) func aRecordThatCannotBeReadIsNotWrittenOver(code errno: Int32) async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            try await rig.install("1.0")
            let path = "\(rig.folder.path)/0.record"
            let bytes = try Files.read(path, limit: 65536)
            for path in [path, path + ".previous"] { ReadFaults.set(errno, for: path) }
            await rig.restart()
            #expect(await code { _ = try await rig.object.create(2, [:]) } == "5.00")
            // What is refused is said to be refused, and nothing of it is done.
            #expect(await code { _ = try rig.object.sink(0, 2, size: nil) } == "5.00")
            let package: [UInt16: ResourceContent] = [2: .single(.opaque([1, 2, 3]))]
            #expect(await code { try await rig.object.write(0, package, mode: .update) } == "5.00")
            let uri: [UInt16: ResourceContent] = [3: .single(.string("http://h/x"))]
            #expect(await code { try await rig.object.write(0, uri, mode: .update) } == "5.00")
            #expect(await code { try await rig.object.execute(0, 6, []) } == "5.00")
            #expect(try Files.names(in: rig.folder.path).filter { $0.contains("package") } == [])
            await rig.object.installerAppeared()
            await rig.object.packageChanged(InstalledPackage(name: "keel", version: "1.0", active: true))
            for path in [path, path + ".previous"] { ReadFaults.set(nil, for: path) }
            #expect(try Files.read(path, limit: 65536) == bytes)
            await rig.settle {
                rig.scheduler.advance(by: SoftwareManagement.loadPause)
                return rig.read(1) == "1.0"
            }
        }
    }

    /// The client has registered without the instances, and a server may observe what was not known yet.
    @Test func recordsThatAreReadLateAreTold() async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            try await rig.install("1.0")
            #expect(try await rig.object.create(3, [:]) == 3)
            let path = "\(rig.folder.path)/0.record"
            for path in [path, path + ".previous"] { ReadFaults.set(EIO, for: path) }
            await rig.restart()
            #expect(rig.object.instances == [0])
            (rig.changes.seen, rig.changes.instances) = ([], 0)
            for path in [path, path + ".previous"] { ReadFaults.set(nil, for: path) }
            await rig.settle {
                rig.scheduler.advance(by: SoftwareManagement.loadPause)
                return rig.object.instances == [0, 3]
            }
            await rig.settle { rig.changes.instances == 1 && rig.changes.seen.contains("7=4") }
        }
    }

    @Test func keysOfANewerReleaseAreWrittenBack() throws {
        var record = SoftwareRecord()
        record.package = "keel"
        record.staged = Self.one
        record.uri = "http://h/p"
        record.stall = .init(seconds: 30, at: 100)
        let read = try #require(try SoftwareRecord(bytes: record.bytes + Array("New=x\ty\n".utf8)))
        #expect(read.others.all("New") == [["x", "y"]])
        #expect(try SoftwareRecord(bytes: read.bytes) == read)
        // Else a key would be written twice.
        #expect(try SoftwareRecord(bytes: record.bytes)?.others.keys == [])
        #expect(throws: NewerFormat.self) { try SoftwareRecord(bytes: Array("format=2\nState=0\nResult=0\n".utf8)) }
        // A file of the release before the format was written.
        #expect(try SoftwareRecord(bytes: Array("State=4\nResult=2\nBoot=b\n".utf8))?.state == .installed)
    }

    /// The checksum holds: a number that is not known is no damage, and the record is neither replaced nor dropped.
    @Test(arguments: ["State=9\nResult=2\n", "State=4\nResult=60\n"])
    func aNumberOfANewerReleaseIsToldAndKept(text: String) async throws {
        #expect(throws: NewerFormat.self) { try SoftwareRecord(bytes: Array(text.utf8)) }
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            try await rig.install("1.0")
            let path = "\(rig.folder.path)/0.record"
            let newer = CheckedFile.checked(text.utf8)
            try Files.replace(path, with: newer)
            await rig.restart()
            #expect(rig.reports.all.contains { if case .unreadable = $0 { true } else { false } })
            #expect(!rig.reports.all.contains { if case .damaged = $0 { true } else { false } })
            #expect(try Files.read(path, limit: 65536) == newer)
            #expect(await code { _ = try await rig.object.create(7, [:]) } == "5.00")
        }
    }

    @Test func aDamagedRecordFallsBackAndIsTold() async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            try await rig.install("1.0")
            let path = "\(rig.folder.path)/0.record"
            let bytes = try Files.read(path, limit: 65536)
            try Files.replace(path, with: bytes.dropLast(3))
            await rig.restart()
            #expect(rig.read(1) == "1.0")
        }
    }
}

/// The files of object 9 when the agent starts.
@Suite struct SoftwareStoreTests {
    @Test func whatAKillLeftOfAWriteIsRemoved() throws {
        let folder = "/tmp/gatekeel-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try Files.makeDirectories(folder)
        defer { try? Files.removeTree(folder) }
        try Files.replace("\(folder)/.1.record.new", with: [1], mode: 0o600)
        try Files.replace("\(folder)/.kept", with: [1], mode: 0o600)
        #expect(try SoftwareStore(folder: folder).load().isEmpty)
        #expect(try Files.names(in: folder) == [".kept"])
    }
}
