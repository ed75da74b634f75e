import FetchProtocol
import Glibc
import Linux

/// The program gatekeel-fetch: a request on descriptor 0, the body to 1, the status to 3 (see `FetchRequest`).
public enum FetchProgram {
    /// Runs once.
    ///
    /// - Returns: the exit status: 0 for a complete body, 1 when the status says why not, 2 without a descriptor for the status.
    public static func main() -> Int32 {
        // A reader that goes away shows as EPIPE.
        signal(SIGPIPE, SIG_IGN)
        guard fcntl(3, F_GETFD) != -1 else {
            FileDescriptor.standardError("gatekeel-fetch is started by gatekeeld, not by people\n")
            return 2
        }
        let status = FileDescriptor(owning: 3)
        do {
            let input = FileDescriptor(owning: 0)
            let request = try FetchRequest(
                decoding: try Files.read(input, limit: FetchRequest.sizeLimit, context: "request"))
            let transfer = try Transfer(request, body: FileDescriptor(owning: 1), status: try status.duplicate())
            return transfer.run() ? 0 : 1
        } catch {
            let failure = error as? FetchError ?? FetchError(.other, .final, "the request: \(error)")
            try? status.write(FetchStatus.error(failure).line)
            return 1
        }
    }
}

extension FileDescriptor {
    /// Writes text to descriptor 2, which stays open.
    fileprivate static func standardError(_ text: String) { _ = Glibc.write(2, text, text.utf8.count) }
}
