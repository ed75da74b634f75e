import Glibc

/// A failed system call: its context and the kernel's `errno`.
public struct Errno: Error, Hashable, Sendable, CustomStringConvertible {
    /// The value of `errno(3)`.
    public let code: Int32
    /// The call and what it was about, for people: `open /etc/gatekeel/gatekeeld.conf`.
    public let context: String

    public init(_ code: Int32, _ context: String) {
        self.code = code
        self.context = context
    }

    /// The calling thread's `errno`. Call it before any clean-up that may change it.
    public static func current(_ context: String) -> Errno { Errno(errno, context) }

    /// `strerror(3)`'s text for the code.
    public var message: String { String(cString: strerror(code)) }

    public var description: String { "\(context): \(message)" }
}

/// Makes a system call, repeats it when a signal interrupts it (`EINTR`), and throws its `Errno` when it returns -1.
///
/// - Parameter context: evaluated only when the call fails.
@discardableResult
public func retrying<Result: SignedInteger>(
    _ context: @autoclosure () -> String, _ call: () -> Result
) throws(Errno) -> Result {
    while true {
        let result = call()
        if result != -1 { return result }
        let code = errno
        if code != EINTR { throw Errno(code, context()) }
    }
}
