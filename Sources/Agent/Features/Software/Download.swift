import EventLoop
import FetchProtocol
import Glibc
import HostObjects
import Linux

/// One run of gatekeel-fetch: its body goes into a file, its status is followed to the end.
///
/// The file is written on `Worker.transfers`. The next bytes are read when the last ones are written: a slow disk slows the
/// download, and takes no memory.
@LoopActor
final class Download {
    private let file: PackageFile
    private let validator: DownloadValidator
    private let attempt: FetchAttempt
    private let body: FileDescriptor
    private let status: FileDescriptor
    private var child: ChildProcess?
    private var bodySource: IOSource?
    private var statusSource: IOSource?
    private var lines = FetchStatusReader()
    /// What the server gave to resume with.
    private var offered: String?
    /// Bytes of the body that were read.
    private var received = 0
    /// What the program says it sent, once it is done.
    private var sent: Int?
    private var failure: FetchError?
    private var hasBody = false
    private var bodyEnded = false
    private var statusEnded = false
    /// Whether the worker has a job of this download.
    private var isStoring = false
    private var ended: (@LoopActor (FetchError?) -> Void)?

    /// Starts the program.
    ///
    /// - Parameters:
    ///   - file: what is in it is kept up to where the body begins.
    ///   - ended: called once, when nothing is written any more; nil: all is there.
    init(
        program: String, _ request: FetchRequest, into file: PackageFile, _ validator: DownloadValidator,
        _ attempt: FetchAttempt, ended: @escaping @LoopActor (FetchError?) -> Void
    ) throws {
        let bytes = try request.encoded()
        let input = try Pipe()
        let output = try Pipe()
        let report = try Pipe()
        let nothing = try FileDescriptor.open("/dev/null", O_WRONLY)
        self.file = file
        self.validator = validator
        self.attempt = attempt
        child = try ChildProcess(
            program, environment: Self.environment,
            descriptors: [
                (0, input.reading.raw), (1, output.writing.raw), (2, nothing.raw), (3, report.writing.raw),
            ]
        ) { _ in }
        // A pipe holds 64 KiB, the request is smaller: this never waits.
        try input.keepWriting().write(bytes)
        body = output.keepReading()
        status = report.keepReading()
        try body.makeNonBlocking()
        try status.makeNonBlocking()
        self.ended = ended
        statusSource = IOSource(descriptor: status.raw) { [self] _ in readStatus() }
    }

    /// Ends the program; what is stored stays.
    func cancel() { child?.signal(SIGKILL) }

    /// Proxies as the administrator set them for the service, and nothing else.
    private static var environment: [String] {
        ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].compactMap { (name: String) -> String? in
            getenv(name).map { "\(name)=\(String(cString: $0))" }
        }
    }

    // MARK: Status

    private func readStatus() {
        do {
            guard let bytes = try status.readAvailable(upTo: 4096) else { return }
            for line in try lines.take(bytes) { try take(line) }
            if bytes.isEmpty {
                statusEnded = true
                stop(&statusSource)
                // Without a body there is none to wait for.
                if !hasBody { bodyEnded = true }
            }
        } catch {
            fail(error)
        }
        conclude()
    }

    private func take(_ line: FetchStatus) throws {
        switch line {
        case .size(let count): attempt.expects(count)
        case .validator(let text): offered = text
        case .body(let offset):
            guard !hasBody else { throw FetchError(.other, .final, "a second body was announced") }
            hasBody = true
            begin(at: offset)
        case .done(let bytes): sent = bytes
        case .error(let error): failure = failure ?? error
        }
    }

    // MARK: Body

    /// Makes the file ready for the body, then reads it.
    private func begin(at offset: Int) {
        let (validator, offered) = (validator, offered)
        let rest = max(0, attempt.total - offset)
        attempt.begins(at: offset)
        store { file in
            // In this order: an agent that is killed in between must not take bytes of the old resource for the new one's.
            try file.cut(to: offset)
            try validator.keep(offered)
            try file.require(rest)
        }
    }

    private func readBody() {
        do {
            guard let bytes = try body.readAvailable(upTo: 65536) else { return }
            stop(&bodySource)
            if bytes.isEmpty {
                bodyEnded = true
            } else {
                received += bytes.count
                store(bytes.count) { file in try file.append(bytes) }
            }
        } catch {
            fail(error)
        }
        conclude()
    }

    /// Has the worker do something with the file, then goes on reading.
    ///
    /// - Parameter count: bytes that are stored by it.
    private func store(_ count: Int = 0, _ job: @escaping @Sendable (PackageFile) throws -> Void) {
        isStoring = true
        let file = file
        LoopActor.spawn { [self] in
            do {
                try await Worker.transfers.run { try job(file) }
                if count > 0 { attempt.took(count) }
            } catch {
                fail(error)
            }
            isStoring = false
            if !bodyEnded { bodySource = IOSource(descriptor: body.raw) { [self] _ in readBody() } }
            conclude()
        }
    }

    // MARK: The end

    private func fail(_ error: any Error) {
        failure = failure ?? FetchError(error)
        bodyEnded = true
        statusEnded = true
        cancel()
    }

    private func conclude() {
        guard bodyEnded, statusEnded, !isStoring, let ended else { return }
        self.ended = nil
        stop(&bodySource)
        stop(&statusSource)
        let lost = FetchError(.connectionLost, .retry, "the download program ended without a result")
        ended(sent == received ? failure : failure ?? lost)
    }

    private func stop(_ source: inout IOSource?) {
        source?.cancel()
        source = nil
    }
}

extension FetchError {
    /// Why the agent's side of a download failed.
    fileprivate init(_ error: any Error) {
        switch error {
        case let error as FetchError: self = error
        case let error as StorageFailure:
            self.init(error.isFull ? .noStorage : .other, .final, error.text)
        default: self.init(.other, .final, "storage: \(error)")
        }
    }
}
