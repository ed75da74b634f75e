import Glibc
import Linux

/// A private message bus for one test: a real `dbus-daemon` on a socket in its own folder.
public final class PrivateBus {
    /// The address for `BusConnection.open(address:)`.
    public let address: String
    private var process: pid_t
    private let folder: String

    /// Why tests that need a bus are skipped; nil if `dbus-daemon` is installed.
    public static let missing: String? =
        daemon == nil ? "SKIPPED: dbus-daemon is not installed (apt install dbus)" : nil

    private static let daemon = (["/usr/bin/dbus-daemon", "/bin/dbus-daemon"] as [String]).first {
        access($0, X_OK) == 0
    }

    /// Starts a daemon and waits until it listens.
    ///
    /// - Parameter policy: further elements of the configuration (`dbus-daemon(1)`), which by default allows everything. They
    ///   come last and so take precedence.
    public init(policy: String = "") throws {
        folder = try Files.makeTemporaryFolder("/tmp/gatekeel-bus-")
        chmod(folder, 0o755)
        let configuration = """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>session</type>
              <listen>unix:path=\(folder)/socket</listen>
              <auth>EXTERNAL</auth>
              <policy context="default">
                <allow user="*"/> <allow own="*"/> <allow send_destination="*"/> <allow send_type="signal"/>
                <allow receive_sender="*"/>
              </policy>
              \(policy)
            </busconfig>
            """
        try Files.replace("\(folder)/bus.conf", with: configuration.utf8, mode: 0o644)
        address = "unix:path=\(folder)/socket"
        process = try Self.start(folder)
    }

    /// Starts the daemon and waits until it listens.
    private static func start(_ folder: String) throws -> pid_t {
        // A FIFO instead of pipe(2): its ends are close-on-exec from the start, so that no other test's child inherits them.
        let fifo = "\(folder)/ready"
        try retrying("mkfifo \(fifo)") { mkfifo(fifo, 0o600) }
        let readEnd = try FileDescriptor.open(fifo, O_RDONLY | O_NONBLOCK)
        let writeEnd = try FileDescriptor.open(fifo, O_WRONLY)
        _ = fcntl(readEnd.raw, F_SETFL, 0)
        unlink(fifo)
        // `timeout` ends the daemon if the test process dies without ending it.
        let process = try spawn(
            [
                "/usr/bin/timeout", "\(120 * patience)", daemon ?? "", "--config-file=\(folder)/bus.conf", "--nofork",
                "--nopidfile", "--print-address=1",
            ],
            output: writeEnd.raw)
        _ = consume writeEnd
        // The daemon prints the address after the socket listens.
        guard try !readEnd.read(upTo: 256).isEmpty else {
            throw Errno(EPIPE, "dbus-daemon did not start")
        }
        return process
    }

    /// Ends the daemon, which cuts every connection. `resume` starts another one at the same address.
    public func interrupt() {
        kill(process, SIGTERM)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        unlink("\(folder)/socket")
    }

    public func resume() throws { process = try Self.start(folder) }

    /// Ends the daemon for good.
    public func stop() {
        interrupt()
        unlink("\(folder)/bus.conf")
        rmdir(folder)
    }
}

/// `posix_spawn(3)` with stdout on `output`.
private func spawn(_ arguments: [String], output: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    // Not our output: a program that reads the test run's output would wait for a daemon that was left over.
    posix_spawn_file_actions_adddup2(&actions, 0, 2)
    // The loop's thread blocks signals. The child must not inherit that.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let vector = arguments.map { strdup($0) } + [nil]
    defer { vector.forEach { free($0) } }
    var process: pid_t = 0
    let result = posix_spawn(&process, arguments[0], &actions, &attributes, vector, environ)
    guard result == 0 else { throw Errno(result, "start \(arguments[0])") }
    return process
}
