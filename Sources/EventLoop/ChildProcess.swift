import Glibc
import Linux

/// A child process; the loop reports its end.
@LoopActor
public final class ChildProcess {
    /// The process identifier, valid until the process was reaped.
    public let pid: pid_t
    private let descriptor: FileDescriptor
    private var source: IOSource?

    /// Starts a process; see `Spawn.start`.
    ///
    /// - Parameter ended: called once, after the process has ended and was reaped.
    public init(
        _ path: String, _ arguments: [String] = [], environment: [String] = [],
        descriptors: [(child: Int32, ours: Int32)], ended: @escaping @LoopActor (ProcessEnd) -> Void
    ) throws(Errno) {
        pid = try Spawn.start(path, arguments, environment: environment, descriptors: descriptors)
        do throws(Errno) {
            descriptor = try Spawn.descriptor(of: pid)
        } catch {
            kill(pid, SIGKILL)
            _ = try? Spawn.reap(pid)
            throw error
        }
        source = IOSource(descriptor: descriptor.raw) { [self] _ in
            // The source keeps this object alive until here, so a child is always reaped.
            source?.cancel()
            source = nil
            do throws(Errno) {
                ended(try Spawn.reap(pid))
            } catch {
                ended(.exited(127))
            }
        }
    }

    /// Sends a signal (`kill(2)`). Does nothing after the process has ended.
    public func signal(_ number: Int32) {
        if source != nil { kill(pid, number) }
    }
}
