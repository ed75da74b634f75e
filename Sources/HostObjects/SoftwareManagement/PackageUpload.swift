import EventLoop
import Glibc
import LwM2MClient
import Linux

/// The body of a pushed Package (9/x/2), block by block straight into a file.
@LoopActor
final class PackageUpload: UploadSink {
    /// How a transfer ended.
    enum End {
        case complete(respond: @LoopActor (Response) -> Void)
        case failed(UpdateResult, String)
    }

    private let file: FileDescriptor
    private let limit: Int
    /// Ended by the transport: the peer went away, or began anew.
    private(set) var isInterrupted = false
    private var length = 0
    private var ended: (@LoopActor (PackageUpload, End) -> Void)?

    /// - Parameters:
    ///   - limit: the most bytes that are taken.
    ///   - ended: called once.
    init(path: String, limit: Int, ended: @escaping @LoopActor (PackageUpload, End) -> Void) throws(Errno) {
        file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        self.limit = limit
        self.ended = ended
    }

    func append(_ bytes: [UInt8]) -> Response? {
        length += bytes.count
        guard length <= limit else {
            end(.failed(.noStorage, "too-large: the package has more than the \(limit) bytes that are allowed"))
            return .failure(.requestEntityTooLarge, "at most \(limit) bytes are taken")
        }
        do throws(Errno) {
            try file.write(bytes)
            return nil
        } catch {
            let full = error.code == ENOSPC || error.code == EDQUOT
            end(.failed(full ? .noStorage : .deviceError, "storage: \(error)"))
            return full
                ? .failure(.requestEntityTooLarge, "no space is left for the package")
                : .failure(.internalServerError, "the package could not be stored")
        }
    }

    func finish(respond: @escaping @LoopActor (Response) -> Void) { end(.complete(respond: respond)) }

    func abort(_ reason: TransportError) {
        isInterrupted = true
        end(.failed(.connectionLost, "interrupted: the transfer ended early after \(length) bytes"))
    }

    private func end(_ end: End) {
        guard let ended else { return }
        self.ended = nil
        ended(self, end)
    }
}
