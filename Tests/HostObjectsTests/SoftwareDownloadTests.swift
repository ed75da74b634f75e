import EventLoop
import Glibc
import LwM2M
import LwM2MClient
import Linux
import TestSupport
import Testing

@testable import HostObjects

/// Downloads that wait, are queued, are cancelled; bounds of transfers.
extension SoftwareManagementTests {
    static let refused = FetchFailure(.connectionLost, "connection-lost: h refuses", .retry)

    @LoopActor
    private func pull(_ rig: Rig, _ instance: UInt16 = 0, _ uri: String = "http://u:p@h:8080/x?y") async throws {
        try await rig.object.write(instance, [3: .single(.string(uri))], mode: .update)
    }

    @LoopActor
    private func cancel(_ rig: Rig, _ instance: UInt16 = 0) async throws {
        try await rig.object.write(instance, [3: .single(.string(""))], mode: .update)
    }

    /// Lets pauses pass, and the attempts between them run, for so long.
    @LoopActor
    private func pass(_ time: Duration, _ rig: Rig) async {
        // The reason is told before the pause begins.
        await rig.settle {
            if case .waiting? = rig.object.transfers.first?.phase { return true }
            return rig.object.transfers.isEmpty
        }
        let end = rig.scheduler.now + time
        while rig.scheduler.now < end {
            let attempts = rig.fetcher.attempts.count
            guard case .waiting(let next?)? = rig.object.transfers.first?.phase else { return }
            rig.scheduler.advance(by: next - rig.scheduler.now)
            await rig.settle {
                if case .waiting? = rig.object.transfers.first?.phase { return rig.fetcher.attempts.count > attempts }
                return rig.object.transfers.isEmpty
            }
        }
    }

    @Test func aDownloadThatWaitsSaysWhyOnce() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            rig.fetcher.answer = .failure(Self.refused)
            try await pull(rig)
            // The reason is told before the pause begins.
            await rig.settle {
                if case .waiting? = rig.object.transfers.first?.phase { return true } else { return false }
            }
            #expect(rig.read(16).hasPrefix("connection-lost: h refuses"))
            #expect(rig.state() == "1 1 false")
            let transfer = try #require(rig.object.transfers.first)
            #expect(transfer.host == "h:8080" && transfer.kind == .pull && transfer.reason.hasPrefix("connection-lost"))
            if case .waiting(let next) = transfer.phase { #expect(next != nil) } else { Issue.record("\(transfer)") }
            await pass(.seconds(300), rig)
            #expect(rig.fetcher.attempts.count > 5)
            // Many attempts, one reason: it was told once.
            #expect(rig.reports.waiting.count == 1)
            #expect(rig.changes.seen.filter { $0.hasPrefix("16=") }.count == 1)
            // Another reason is told.
            rig.fetcher.answer = .failure(FetchFailure(.deviceError, "download-failed: HTTP 503", .retry))
            await pass(.seconds(60), rig)
            #expect(rig.reports.waiting.count == 2 && rig.read(16).hasPrefix("download-failed"))
            await pass(.seconds(400), rig)
            await rig.settle { rig.state() == "0 57 false" }
            #expect(rig.read(16).contains("no byte arrived for 600 s"))
            #expect(rig.object.transfers.isEmpty)
        }
    }

    /// Block by block, each long before the transport would give up: a day for a megabyte.
    @Test func aPushThatTricklesIsEnded() async throws {
        try await onLoop {
            let rig = Rig { $0.downloads.minimumRate = 1024 }
            await rig.object.start()
            let sink = try #require(try rig.object.sink(0, 2, size: nil))
            var blocks = 0
            var answer: Response?
            while answer == nil, blocks < 100 {
                rig.scheduler.advance(by: .seconds(30))
                answer = sink.append([1])
                blocks += 1
                if blocks == 5 {
                    // Whoever looks meanwhile sees it.
                    #expect(rig.object.transfers.first?.reason.hasPrefix("slow: 0 bytes a second arrive") == true)
                }
            }
            #expect(blocks == 20)
            #expect(answer?.code == .requestEntityIncomplete)
            await rig.settle { rig.state() == "0 52 false" }
            #expect(rig.read(16).hasPrefix("too-slow: fewer than 1024 bytes a second arrived over 10 minutes"))
            #expect(
                rig.reports.all.contains {
                    if case .refused(0, .connectionLost, let reason) = $0 {
                        reason.hasPrefix("too-slow")
                    } else {
                        false
                    }
                })
            #expect(rig.object.transfers.isEmpty)
            // The instance is free for another one.
            #expect(try await rig.push(Self.one).code == .changed)
        }
    }

    @Test(arguments: [0, 1]) func aPushThatIsFastEnoughGoesOn(minimum: Int) async throws {
        try await onLoop {
            let rig = Rig { $0.downloads.minimumRate = minimum }
            await rig.object.start()
            let sink = try #require(try rig.object.sink(0, 2, size: nil))
            for _ in 0..<40 {
                rig.scheduler.advance(by: .seconds(20))
                #expect(sink.append([UInt8](repeating: 7, count: 20 * minimum)) == nil)
            }
            #expect(rig.object.transfers.first?.reason == "")
            sink.abort(.closed)
        }
    }

    @Test func reasonsThatAlternateDoNotFlood() async throws {
        try await onLoop {
            let rig = Rig { $0.downloads.patience = .seconds(3600) }
            await rig.object.start()
            rig.fetcher.answer = .failure(Self.refused)
            try await pull(rig)
            for round in 1...60 {
                rig.fetcher.answer = .failure(
                    FetchFailure(.connectionLost, "connection-lost: reason \(round)", .retry))
                await pass(.seconds(1), rig)
            }
            let minutes = Int((rig.scheduler.now - .seconds(1000)).components.seconds / 60)
            #expect(rig.reports.waiting.count <= StatusGate.burst + minutes)
        }
    }

    /// The patience is not renewed by restarts of the daemon.
    @Test func restartsDoNotRenewThePatience() async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            rig.fetcher.answer = .failure(Self.refused)
            try await pull(rig)
            await rig.settle { rig.read(16).hasPrefix("connection-lost") }
            for _ in 1...7 where rig.state() == "1 1 false" {
                rig.scheduler.advance(by: .seconds(100))
                let attempts = rig.fetcher.attempts.count
                await rig.restart()
                await rig.settle { rig.fetcher.attempts.count > attempts && rig.fetcher.running == 0 }
            }
            await rig.settle { rig.state() == "0 52 false" }
        }
    }

    @Test(arguments: ["an attempt", "a pause", "the queue", "a push"])
    func anEmptyURICancels(during moment: String) async throws {
        try await onLoop {
            let rig = Rig { $0.downloads.concurrent = 1 }
            await rig.object.start()
            #expect(try await rig.object.create(1, [:]) == 1)
            var sink: (any UploadSink)?
            switch moment {
            case "a push":
                sink = try #require(try rig.object.sink(1, 2, size: nil))
                #expect(sink?.append([1, 2, 3]) == nil)
            case "the queue":
                try await pull(rig, 0)
                try await pull(rig, 1)
                await rig.settle { rig.read(16, 1).hasPrefix("queued:") }
            default:
                if moment == "a pause" { rig.fetcher.answer = .failure(Self.refused) }
                try await pull(rig, 1)
                await rig.settle {
                    moment == "a pause" ? rig.read(16, 1).hasPrefix("connection-lost") : rig.fetcher.running == 1
                }
            }
            #expect(rig.state(1) == "1 1 false")
            // Everything else is still refused.
            #expect(await code { try await rig.object.execute(1, 6, []) } == "4.05")
            #expect(await code { try await pull(rig, 1, "http://other/x") } == "4.05")
            try await cancel(rig, 1)
            #expect(rig.state(1) == "0 0 false")
            #expect(rig.read(16, 1).hasPrefix("cancelled:"))
            #expect(rig.fetcher.running == (moment == "the queue" ? 1 : 0))
            #expect(try Files.names(in: rig.folder.path).filter { $0.hasPrefix("1.package") } == [])
            if let sink { #expect(sink.append([4])?.code == .requestEntityIncomplete) }
            // The instance can be used again at once.
            #expect(try await rig.push(Self.one, to: 1).code == .changed)
            // Without a transfer an empty URI is a bad one.
            #expect(await code { try await cancel(rig, 0) } == (moment == "the queue" ? "success" : "4.00"))
        }
    }

    @Test func deleteCancelsAndSoDoesTheOperator() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            #expect(try await rig.object.create(1, [:]) == 1)
            try await pull(rig, 1)
            await rig.settle { rig.fetcher.running == 1 }
            try await rig.object.delete(1)
            #expect(rig.object.instances == [0] && rig.fetcher.running == 0)
            #expect(await code { try await rig.object.cancel(0) } == "4.05")
            try await pull(rig)
            try await rig.object.cancel(0)
            // A result that servers do not answer with the same package.
            #expect(rig.state() == "0 52 false" && rig.read(16).hasPrefix("cancelled:"))
        }
    }

    @Test func whatIsBeingVerifiedIsNotCancelled() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            var codes: [String] = []
            var phase: PackageTransfer.Phase?
            rig.installer.duringStage = {
                phase = rig.object.transfers.first?.phase
                codes.append(await code { try await rig.object.cancel(0) })
                codes.append(await code { try await cancel(rig) })
            }
            let response = try await rig.push(Self.one)
            #expect(response.code == .changed)
            #expect(codes == ["4.05", "4.05"] && phase == .verifying)
            #expect(rig.object.transfers.isEmpty)
        }
    }

    /// The installer is away after a restart: the transfer is not taken up yet, and can be cancelled all the same.
    @Test func anInterruptedTransferIsCancelledAfterARestart() async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            rig.fetcher.answer = .failure(Self.refused)
            try await pull(rig)
            await rig.settle { rig.read(16).hasPrefix("connection-lost") }
            rig.installer.isAway = true
            await rig.restart()
            let transfer = try #require(rig.object.transfers.first)
            #expect(transfer.phase == .waiting(next: nil) && transfer.reason.hasPrefix("interrupted:"))
            try await cancel(rig)
            #expect(rig.state() == "0 0 false" && rig.object.transfers.isEmpty)
            rig.installer.isAway = false
            await rig.object.installerAppeared()
            #expect(rig.state() == "0 0 false")
        }
    }

    @Test func furtherDownloadsWaitInOrder() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            for instance: UInt16 in 1...4 {
                #expect(try await rig.object.create(instance, [:]) == instance)
                try await pull(rig, instance, "http://h/\(instance)")
            }
            await rig.settle { rig.fetcher.running == 2 && rig.read(16, 4).hasPrefix("queued: 2 other downloads") }
            #expect(rig.state(3) == "1 1 false" && rig.state(4) == "1 1 false")
            #expect(rig.object.transfers.map(\.phase) == [.transferring, .transferring, .queued, .queued])
            // A reload takes effect at once.
            var options = rig.object.options
            options.downloads.concurrent = 3
            rig.object.reload(options)
            await rig.settle { rig.fetcher.running == 3 }
            #expect(rig.fetcher.fetched.last == "http://h/3")
            try await cancel(rig, 1)
            await rig.settle { rig.fetcher.running == 3 && rig.fetcher.fetched.last == "http://h/4" }
            await rig.settle { rig.read(16, 4).isEmpty }
        }
    }

    /// The server refuses once; before the second attempt the download waits for others longer than its patience.
    @Test func timeInTheQueueIsNoTimeWithoutAByte() async throws {
        try await onLoop {
            let rig = Rig {
                $0.downloads.concurrent = 1
                $0.downloads.minimumRate = 0
            }
            await rig.object.start()
            #expect(try await rig.object.create(1, [:]) == 1)
            rig.fetcher.answer = .failure(Self.refused)
            try await pull(rig)
            await rig.settle {
                if case .waiting? = rig.object.transfers.first?.phase { return true } else { return false }
            }
            rig.fetcher.answer = nil
            try await pull(rig, 1)
            await rig.settle { rig.fetcher.running == 1 }
            rig.scheduler.advance(by: .seconds(5))
            await rig.settle { rig.read(16).hasPrefix("queued: 1 other download is") }
            #expect(rig.object.transfers.first?.phase == .queued)
            for _ in 1...4 {
                rig.fetcher.attempts.last?.took(1)
                rig.scheduler.advance(by: .seconds(300))
            }
            rig.fetcher.answer = .failure(Self.refused)
            await rig.settle {
                guard rig.fetcher.attempts.count == 3 else { return false }
                if case .waiting? = rig.object.transfer(0)?.phase { return true }
                return rig.object.transfer(0) == nil
            }
            #expect(rig.state() == "1 1 false")
            #expect(rig.read(16).hasPrefix("connection-lost: h refuses; 0 bytes"))
        }
    }

    /// What a record says of a stall counts at the next restart, so it ends with the first bytes.
    @Test func bytesEndAStallThatWasKept() async throws {
        try await onLoop {
            var rig = Rig()
            await rig.object.start()
            rig.fetcher.answer = .failure(Self.refused)
            try await pull(rig)
            await rig.settle { rig.read(16).hasPrefix("connection-lost") }
            rig.scheduler.advance(by: .seconds(100))
            await rig.settle { rig.fetcher.running == 0 }
            rig.fetcher.answer = nil
            let attempts = rig.fetcher.attempts.count
            await rig.restart()
            await rig.settle { rig.fetcher.attempts.count > attempts }
            let restarted = rig
            func kept() -> Bool {
                let bytes = (try? Files.read("\(restarted.folder.path)/0.record", limit: 65536)) ?? []
                return String(decoding: bytes, as: UTF8.self).contains("StalledSeconds")
            }
            #expect(kept() && rig.read(16).isEmpty)
            rig.fetcher.attempts.last?.took(10)
            await rig.settle { !kept() }
        }
    }

    @Test func aReloadReachesTheNextAttempt() async throws {
        try await onLoop {
            let rig = Rig()
            await rig.object.start()
            rig.fetcher.answer = .failure(Self.refused)
            try await pull(rig)
            await rig.settle { rig.read(16).hasPrefix("connection-lost") }
            let first = try #require(rig.fetcher.attempts.first?.order)
            #expect(first.limit == 1000 && !first.allowsLocal)
            var options = rig.object.options
            options.maximumPackageSize = 77
            options.downloads.allowsLocal = true
            options.reserve = DiskReserve(percent: 1, minimum: 2)
            rig.object.reload(options)
            await pass(.seconds(1), rig)
            let next = try #require(rig.fetcher.attempts.last?.order)
            #expect(next.limit == 77 && next.allowsLocal && next.reserve == options.reserve)
        }
    }

    @Test func instancesAreBounded() async throws {
        try await onLoop {
            let rig = Rig { $0.maximumInstances = 3 }
            await rig.object.start()
            #expect(try await rig.object.create(nil, [:]) == 1)
            #expect(try await rig.object.create(nil, [:]) == 2)
            #expect(await code { _ = try await rig.object.create(nil, [:]) } == "4.00")
            try await rig.object.delete(1)
            #expect(try await rig.object.create(9, [:]) == 9)
        }
    }

    @Test func theReserveIsKept() async throws {
        try await onLoop {
            let rig = Rig { $0.reserve = DiskReserve(percent: 0, minimum: 1 << 60) }
            await rig.object.start()
            #expect(await code { _ = try rig.object.sink(0, 2, size: nil) } == "4.13")
            await rig.settle { rig.state() == "0 50 false" }
            #expect(rig.read(16).hasPrefix("no-space:") && rig.read(16).contains("DiskReserve="))
            var options = rig.object.options
            options.reserve = DiskReserve(percent: 0, minimum: 0)
            rig.object.reload(options)
            let response = try await rig.push(Self.one)
            #expect(response.code == .changed)
        }
    }

    /// The space runs out while blocks arrive: the next block or the last one is answered with it.
    @Test func aFileKeepsTheReserve() throws {
        let folder = TemporaryFolder()
        let file = try PackageFile(
            "\(folder.path)/x", keeping: false, reserve: DiskReserve(percent: 0, minimum: 1 << 60))
        let failure = #expect(throws: StorageFailure.self) { try file.append([1]) }
        #expect(failure?.isFull == true && failure?.result == .noStorage)
        #expect(try file.size() == 0)
        #expect(DiskReserve(percent: 5, minimum: 64 << 20).bytes(of: 10 << 30) == (10 << 30) / 100 * 5)
        #expect(DiskReserve(percent: 5, minimum: 64 << 20).bytes(of: 1 << 30) == 64 << 20)
    }

    /// A disk that does not take bytes holds the server back, and neither memory nor state files pay for it.
    @Test func aSlowDiskHoldsBackTheServerAndNoStateFile() async throws {
        try await onLoop {
            let rig = Rig { $0.maximumPackageSize = 1 << 30 }
            await rig.object.start()
            rig.installer.stageAnswer = .success(Self.one)
            let gate = try WorkerGate(.transfers)
            let sink = try #require(try rig.object.sink(0, 2, size: nil))
            let block = [UInt8](repeating: 7, count: 1024)
            var accepted = 0
            var ready = Flag()
            while accepted < 1000 {
                ready = Flag()
                #expect(sink.append(block) == nil)
                sink.whenReady { [ready] in if $0 == nil { ready.set = true } }
                guard ready.set else { break }
                accepted += 1
            }
            // Its sender repeats the block: that waits beside the block itself.
            let again = Flag()
            sink.whenReady { if $0 == nil { again.set = true } }
            #expect(accepted >= 64 && accepted < 200)
            // The state of another instance is stored meanwhile.
            #expect(try await rig.object.create(5, [:]) == 5)
            let response = Flag()
            sink.finish {
                response.set = $0.code == .changed
            }
            #expect(!response.set && !ready.set && !again.set)
            gate.open()
            await rig.settle { response.set && ready.set && again.set }
            #expect(rig.installer.calls == ["stage \((accepted + 1) * 1024)"])
        }
    }

    @Test func hostsAreToldWithoutSecrets() {
        for (uri, host) in [
            ("http://h/x", "h"), ("https://u:p@h:8443/x?y=1", "h:8443"), ("http://[::1]:80?x@y", "[::1]:80"),
            ("http://a@b@h", "h"), ("nothing", ""),
        ] {
            #expect(PackageDownload.host(of: uri) == host)
        }
    }

    @Test func recordsKeepTheStall() throws {
        var record = SoftwareRecord()
        record.stall = .init(seconds: 30, at: 100)
        let read = try SoftwareRecord(bytes: record.bytes)
        #expect(read == record)
        #expect(read?.stall?.elapsed(.seconds(150), sameBoot: true) == .seconds(80))
        #expect(read?.stall?.elapsed(.seconds(150), sameBoot: false) == .seconds(30))
        #expect(read?.stall?.elapsed(.seconds(50), sameBoot: true) == .seconds(30))
        // In the queue no time counts.
        record.stall = .init(seconds: 30, at: nil)
        let queued = try SoftwareRecord(bytes: record.bytes)
        #expect(queued == record)
        #expect(queued?.stall?.elapsed(.seconds(150), sameBoot: true) == .seconds(30))
    }
}
