import EventLoop
import FetchProtocol
import Glibc
import Linux

/// One run of gatekeel-fetch: its body into a file, its status followed to the end.
@LoopActor
final class Download {
    /// What a run came to.
    struct Outcome: Sendable {
        /// nil: all is there.
        let error: FetchError?
        /// Bytes that this run added.
        let received: Int
    }

    private let file: FileDescriptor
    private let body: FileDescriptor
    private let status: FileDescriptor
    /// Keeps what the server gave to resume with, durable before the bytes that it is for.
    private let keep: @LoopActor (_ validator: String?) throws -> Void
    private var child: ChildProcess?
    private var bodySource: IOSource?
    private var statusSource: IOSource?
    private var lines = FetchStatusReader()
    private var validator: String?
    private var received = 0
    /// What the program says it sent, once it is done.
    private var sent: Int?
    private var failure: FetchError?
    private var bodyEnded = false
    private var statusEnded = false
    private var ended: (@LoopActor (Outcome) -> Void)?

    /// Starts the program.
    ///
    /// - Parameters:
    ///   - path: the file; what is in it is kept up to where the body begins.
    ///   - ended: called once.
    init(
        program: String, _ request: FetchRequest, into path: String,
        keep: @escaping @LoopActor (_ validator: String?) throws -> Void,
        ended: @escaping @LoopActor (Outcome) -> Void
    ) throws {
        let bytes = try request.encoded()
        file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o600)
        let input = try Pipe()
        let output = try Pipe()
        let report = try Pipe()
        let nothing = try FileDescriptor.open("/dev/null", O_WRONLY)
        self.keep = keep
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

    /// Ends the program; what is here stays.
    func cancel() { child?.signal(SIGKILL) }

    /// Proxies as the administrator set them for the service, and nothing else.
    private static var environment: [String] {
        ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].compactMap { (name: String) -> String? in
            getenv(name).map { "\(name)=\(String(cString: $0))" }
        }
    }

    private func readStatus() {
        do {
            guard let bytes = try status.readAvailable(upTo: 4096) else { return }
            for line in try lines.take(bytes) { try take(line) }
            if bytes.isEmpty {
                statusEnded = true
                stop(&statusSource)
                // Without a body there is none to wait for.
                if bodySource == nil { bodyEnded = true }
            }
        } catch {
            fail(error)
        }
        conclude()
    }

    private func take(_ line: FetchStatus) throws {
        switch line {
        case .size: break
        case .validator(let text): validator = text
        case .body(let offset):
            guard bodySource == nil else { throw FetchError(.other, mayRetry: false, "a second body was announced") }
            // In this order: killed in between, an agent must not take bytes of the old resource for the new one's.
            try file.cut(to: offset)
            try keep(validator)
            bodySource = IOSource(descriptor: body.raw) { [self] _ in readBody() }
        case .done(let bytes): sent = bytes
        case .error(let error): failure = failure ?? error
        }
    }

    private func readBody() {
        do {
            guard let bytes = try body.readAvailable(upTo: 65536) else { return }
            if bytes.isEmpty {
                bodyEnded = true
                stop(&bodySource)
            } else {
                try file.write(bytes)
                received += bytes.count
            }
        } catch {
            fail(error)
        }
        conclude()
    }

    private func fail(_ error: any Error) {
        let full = (error as? Errno).map { $0.code == ENOSPC || $0.code == EDQUOT } ?? false
        let cause = error as? FetchError
        failure = failure ?? cause ?? FetchError(full ? .noStorage : .other, mayRetry: false, "storage: \(error)")
        bodyEnded = true
        statusEnded = true
        cancel()
    }

    private func conclude() {
        guard bodyEnded, statusEnded, let ended else { return }
        self.ended = nil
        stop(&bodySource)
        stop(&statusSource)
        let lost = FetchError(.connectionLost, mayRetry: true, "the download program ended without a word")
        ended(Outcome(error: sent == received ? failure : failure ?? lost, received: received))
    }

    private func stop(_ source: inout IOSource?) {
        source?.cancel()
        source = nil
    }
}
