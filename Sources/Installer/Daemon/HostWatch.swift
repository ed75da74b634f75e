import EventLoop
import Glibc
import Journal
import Linux

/// Notices that dpkg has changed the host.
@LoopActor
final class HostWatch {
    /// apt writes the status file many times in one run.
    private let rest: Duration
    private let folder: String
    private let scheduler: any Scheduler
    private let look: @LoopActor () -> Void
    private var source: FolderSource?
    private var timer: (any Scheduled)?

    /// - Parameters:
    ///   - folder: dpkg's database, `/var/lib/dpkg`. It replaces the file `status` in it.
    ///   - rest: how long nothing may change before `look` is called.
    ///   - look: called a while after the last change.
    init(
        folder: String = "/var/lib/dpkg", rest: Duration = .seconds(5), scheduler: any Scheduler,
        look: @escaping @LoopActor () -> Void
    ) {
        self.folder = folder
        self.rest = rest
        self.scheduler = scheduler
        self.look = look
    }

    func start() {
        do throws(Errno) {
            source = try FolderSource(folder) { [weak self] name in
                if name == "status" || name.isEmpty { self?.noteChange() }
            }
        } catch {
            Log.warning(
                "Changes of Debian's packages are not noticed: \("\(error)", .reason); call 'systemctl restart gatekeel-installd' after apt has removed or updated packages"
            )
        }
    }

    /// Something has changed: `look` is called when nothing has for a while.
    func noteChange() {
        timer?.cancel()
        timer = scheduler.schedule(after: rest) { [weak self] in
            guard let self else { return }
            // In the middle of its work, packages are unpacked and not configured.
            if self.isAtWork { self.noteChange() } else { self.look() }
        }
    }

    /// Whether apt or dpkg holds its lock: `fcntl(2)`, `F_GETLK`.
    private var isAtWork: Bool {
        ["lock-frontend", "lock"].contains { name in
            guard let file = try? FileDescriptor.open("\(folder)/\(name)", O_RDONLY | O_NONBLOCK) else { return false }
            return (try? file.isLockedByOthers()) ?? false
        }
    }
}
