import EventLoop
import FetchProtocol
import Glibc
import HostObjects
import Linux

/// Object 9's fetcher: each attempt is one run of gatekeel-fetch.
///
/// Beside the file stands `FILE.validator`: what the server gave to resume with. A later attempt, also one of an agent that
/// was killed meanwhile, goes on with it.
@LoopActor
final class ProcessFetcher: SoftwareFetcher {
    private let program: String

    init(program: String = "/usr/lib/gatekeel/gatekeel-fetch") { self.program = program }

    func fetch(_ attempt: FetchAttempt) async -> FetchEnd {
        let order = attempt.order
        do {
            let validator = DownloadValidator(path: "\(order.path).validator")
            let (file, request) = try await Worker.transfers.run {
                let file = try PackageFile(order.path, keeping: true, reserve: order.reserve)
                return try (file, FetchRequest(order, validator: validator.read(), size: file.size()))
            }
            attempt.begins(at: request.offset)
            return await withCheckedContinuation { continuation in
                do {
                    let download = try Download(program: program, request, into: file, validator, attempt) {
                        continuation.resume(returning: FetchEnd($0.map(FetchFailure.init), received: attempt.received))
                    }
                    // The sources of the loop keep the download for as long as it runs.
                    attempt.whenCancelled { [weak download] in download?.cancel() }
                } catch {
                    continuation.resume(returning: FetchEnd(Self.notStarted(error), received: 0))
                }
            }
        } catch let error as StorageFailure {
            return FetchEnd(FetchFailure(error), received: 0)
        } catch {
            return FetchEnd(Self.notStarted(error), received: 0)
        }
    }

    private static func notStarted(_ error: any Error) -> FetchFailure {
        FetchFailure(.deviceError, "download-failed: the download could not be started: \(error)")
    }
}

extension FetchRequest {
    /// - Parameters:
    ///   - validator: for the bytes that are there; without one they are fetched again.
    ///   - size: of the file.
    init(_ order: FetchOrder, validator: String?, size: Int) {
        self.init(uri: order.uri)
        limit = order.limit
        allowsLocal = order.allowsLocal
        self.validator = validator
        offset = validator == nil ? 0 : size
    }
}

/// What a server gave to resume a download with, beside its file. Blocks: it is for `Worker.transfers`.
struct DownloadValidator: Sendable {
    let path: String

    /// - Returns: nil when there is none.
    func read() throws(Errno) -> String? {
        do throws(Errno) {
            return String(validating: try Files.read(path, limit: 1024), as: UTF8.self)
        } catch {
            // What is no validator of ours is none: the download starts from the beginning.
            if error.code == ENOENT || error.code == EFBIG { return nil }
            throw error
        }
    }

    /// Durable when it returns.
    func keep(_ validator: String?) throws(Errno) {
        if let validator { try Files.replace(path, with: validator.utf8) } else { try Files.remove(path) }
    }
}

extension FetchFailure {
    /// How one run of gatekeel-fetch failed.
    init(_ error: FetchError) {
        let chance: Chance =
            switch error.chance {
            case .retry: .retry
            case .unlikely: .unlikely
            case .final: .final
            }
        self.init(UpdateResult(error.result), "\(error.result.token): \(error.text)", chance)
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
