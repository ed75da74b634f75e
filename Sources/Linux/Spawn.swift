import CLinux
import Glibc

/// A child process that gets only the descriptors it is given.
public enum Spawn {
    /// `posix_spawn(3)` with default signals, an empty signal mask and a session of its own.
    ///
    /// - Parameters:
    ///   - descriptors: what the child gets, as (child's number, ours); all others are closed by `O_CLOEXEC`.
    ///   - environment: the complete environment, as `NAME=value`.
    /// - Returns: the process identifier; it has to be reaped with `reap(_:)`.
    public static func start(
        _ path: String, _ arguments: [String], environment: [String], descriptors: [(child: Int32, ours: Int32)]
    ) throws(Errno) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (child, ours) in descriptors { posix_spawn_file_actions_adddup2(&actions, ours, child) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        // POSIX_SPAWN_SETSID is behind _GNU_SOURCE: 0x80 in glibc's ABI.
        let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | 0x80
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var pid = pid_t()
        let result = withCStrings([path] + arguments) { argv in
            withCStrings(environment) { envp in posix_spawn(&pid, path, &actions, &attributes, argv, envp) }
        }
        guard result == 0 else { throw Errno(result, "run \(path)") }
        return pid
    }

    /// `pidfd_open(2)`: a descriptor that becomes readable when the process ends.
    public static func descriptor(of pid: pid_t) throws(Errno) -> FileDescriptor {
        FileDescriptor(owning: try retrying("pidfd_open") { gk_pidfd_open(pid, 0) })
    }

    /// `waitpid(2)`: how a process ended. Waits if it is still running.
    public static func reap(_ pid: pid_t) throws(Errno) -> ProcessEnd {
        var status: Int32 = 0
        try retrying("waitpid") { waitpid(pid, &status, 0) }
        let signal = status & 0x7F
        return signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return body(copies + [nil])
    }
}

/// How a process ended.
public enum ProcessEnd: Hashable, Sendable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)

    public var description: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signalled(let signal): "signal \(signal)"
        }
    }
}
