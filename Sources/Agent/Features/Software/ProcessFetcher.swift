import EventLoop
import FetchProtocol
import HostObjects
import Linux

/// Object 9's fetcher: gatekeel-fetch, run again while a download can go on.
///
/// Beside the file stands `FILE.validator`: what the server gave to resume with. An agent that was killed goes on with it.
@LoopActor
final class ProcessFetcher: SoftwareFetcher {
    private let program: String
    private let limit: Int
    private let deadline: Duration
    private let scheduler: any Scheduler

    /// Runs without a byte that are allowed in a row.
    private static let attempts = 10

    /// - Parameters:
    ///   - limit: the most bytes of a package.
    ///   - deadline: a download that is not complete by then, with all that was resumed, has failed.
    init(
        program: String = "/usr/lib/gatekeel/gatekeel-fetch", limit: Int, deadline: Duration,
        scheduler: any Scheduler
    ) {
        self.program = program
        self.limit = limit
        self.deadline = deadline
        self.scheduler = scheduler
    }

    func fetch(_ uri: String, to path: String) async throws(FetchFailure) {
        let end = scheduler.now + deadline
        var idle = 0
        while true {
            let outcome = try await run(uri, to: path, until: end)
            guard let error = outcome.error else { return }
            idle = outcome.received > 0 ? 0 : idle + 1
            let pause = Self.pause(afterIdle: idle)
            guard error.mayRetry, idle < Self.attempts, scheduler.now + pause < end else {
                throw FetchFailure(UpdateResult(error.result), "\(error.result.token): \(error.text)")
            }
            await scheduler.sleep(for: pause)
        }
    }

    /// 1 s, doubled for each run without a byte, at most half a minute; from half of it to one and a half.
    private static func pause(afterIdle idle: Int) -> Duration {
        .seconds(min(30, 1 << min(idle, 5))) * Double.random(in: 0.5...1.5)
    }

    private func run(_ uri: String, to path: String, until end: Duration) async throws(FetchFailure) -> Download.Outcome
    {
        var request = FetchRequest(uri: uri)
        request.limit = limit
        let sidecar = "\(path).validator"
        if let bytes = try? Files.read(sidecar, limit: 1024), let size = try? FileDescriptor.open(path).status().st_size
        {
            request.validator = String(validating: bytes, as: UTF8.self)
            request.offset = request.validator == nil ? 0 : Int(size)
        }
        let keep: @LoopActor (String?) throws -> Void = { validator in
            if let validator { try Files.replace(sidecar, with: validator.utf8) } else { try Files.remove(sidecar) }
        }
        return await withCheckedContinuation { continuation in
            do {
                let timer = Deadline()
                let download = try Download(program: program, request, into: path, keep: keep) { outcome in
                    timer.scheduled?.cancel()
                    continuation.resume(returning: outcome)
                }
                timer.scheduled = scheduler.schedule(after: end - scheduler.now) { download.cancel() }
            } catch {
                let failure = FetchError(.other, mayRetry: false, "the download could not be started: \(error)")
                continuation.resume(returning: Download.Outcome(error: failure, received: 0))
            }
        }
    }

    @LoopActor
    private final class Deadline {
        var scheduled: (any Scheduled)?
    }
}

extension UpdateResult {
    init(_ result: FetchError.Result) {
        self =
            switch result {
            case .noStorage: .noStorage
            case .outOfMemory: .outOfMemory
            case .connectionLost: .connectionLost
            case .unsupportedType: .unsupportedType
            case .invalidURI: .invalidURI
            case .other: .deviceError
            }
    }
}

extension FetchError.Result {
    /// The short token that begins a Status Reason.
    fileprivate var token: String {
        switch self {
        case .noStorage: "no-space"
        case .outOfMemory: "out-of-memory"
        case .connectionLost: "connection-lost"
        case .unsupportedType: "unsupported"
        case .invalidURI: "invalid-uri"
        case .other: "download-failed"
        }
    }
}
