import EventLoop
import Linux
import State

/// The file in which one server's notifications outlast a restart.
///
/// It is not written for each value, which would wear flash out: half a minute after the first one of an outage, then every five minutes
/// while there are new ones, and at the end of the client. A loss of power costs what came since.
@LoopActor
final class NotificationKeeper {
    static let firstDelay = Duration.seconds(30)
    static let pause = Duration.seconds(300)

    /// What is to be kept now; nil: nothing.
    var content: (@LoopActor () -> KeptNotifications?)?
    /// Is told once that it cannot be stored, until it is.
    var notStored: (@LoopActor (_ reason: String) -> Void)?

    private let file: CheckedFile
    private let scheduler: any Scheduler
    private let turn = Turn()
    private var timer: (any Scheduled)?
    private var lastWritten: Duration?
    /// Whether the file is there.
    private var isStored = false
    private var hasToldNotStored = false

    /// - Parameter path: of the file. The folder exists.
    init(path: String, scheduler: any Scheduler) {
        file = CheckedFile(path: path, limit: 4 << 20)
        self.scheduler = scheduler
    }

    /// What was kept before the start; nil: nothing, or nothing that can be read. Blocks.
    func load() -> KeptNotifications? {
        // One that cannot be read is there all the same.
        isStored = (try? Files.exists(file.path)) ?? true
        let loaded = try? file.load { (bytes) throws(NewerFormat) in try KeptNotifications(bytes: bytes) }
        return loaded?.value
    }

    /// What is to be kept now is what is kept at the end, whatever comes.
    func seal() {
        let last = content?()
        content = { last }
    }

    /// What is to be kept has changed.
    ///
    /// - Parameter isThere: whether it is anything. In contact nothing is, and then nothing wakes the process up.
    func changed(isThere: Bool) {
        guard isThere || isStored else {
            timer?.cancel()
            return timer = nil
        }
        guard timer == nil else { return }
        let earliest = lastWritten.map { $0 + Self.pause } ?? .zero
        timer = scheduler.schedule(after: max(Self.firstDelay, earliest - scheduler.now)) { [weak self] in
            self?.timer = nil
            LoopActor.spawn { await self?.save() }
        }
    }

    /// Stores what is to be kept now, or removes the file.
    func save() async {
        timer?.cancel()
        timer = nil
        await turn.take()
        defer { turn.give() }
        let bytes = content?()?.bytes
        let file = file
        do {
            try await Worker.shared.run {
                if let bytes { return try file.save(bytes) }
                if try Files.exists(file.path) { try file.remove() }
            }
            isStored = bytes != nil
            if isStored { lastWritten = scheduler.now }
            hasToldNotStored = false
        } catch {
            if !hasToldNotStored { notStored?("\(error)") }
            hasToldNotStored = true
        }
    }
}
