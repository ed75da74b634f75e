import EventLoop
import Linux
import State

/// Keeps a server or a script from rebooting the host again and again: the count survives the reboot.
@LoopActor
public final class RebootLimit {
    private let file: CheckedFile
    private let boot: String
    private let uptime: @LoopActor () -> Int
    /// Between a load and its save nobody else may count.
    private let turn = Turn()

    /// - Parameters:
    ///   - path: the record; its folder exists.
    ///   - boot: the identifier of this boot.
    ///   - uptime: for how many seconds this boot has been up.
    public init(path: String, boot: String, uptime: @escaping @LoopActor () -> Int) {
        file = CheckedFile(path: path, limit: 4096)
        self.boot = boot
        self.uptime = uptime
    }

    /// How many seconds to wait until a reboot is allowed; 0 when it is now.
    func wait() async -> Int {
        await turn.take()
        defer { turn.give() }
        return await history()?.wait(boot: boot, uptime: uptime()) ?? waitWithoutRecord(uptime())
    }

    /// As when no reboot could be recorded: one is allowed when the host has been up for as long as the limit looks back.
    private func waitWithoutRecord(_ now: Int) -> Int { max(0, RebootHistory.window - now) }

    /// Counts a reboot that is about to be made; it is on the medium when this returns.
    ///
    /// A full or failing disk must not keep an operator from rebooting a gateway to heal it: without a record one is
    /// allowed when the host has been up for as long as the limit looks back.
    /// - Returns: nil when it may be made; otherwise how many seconds to wait.
    func take() async -> Int? {
        await turn.take()
        defer { turn.give() }
        let now = uptime()
        guard let history = await history() else {
            let wait = waitWithoutRecord(now)
            return wait == 0 ? nil : wait
        }
        let wait = history.wait(boot: boot, uptime: now)
        guard wait == 0 else { return wait }
        let next = history.noting(boot: boot, uptime: now).bytes
        let file = file
        do {
            try await Worker.shared.run { try file.save(next) }
            return nil
        } catch {
            let wait = waitWithoutRecord(now)
            return wait == 0 ? nil : wait
        }
    }

    /// The reboots so far; nil when the record cannot be read: that is not "none".
    private func history() async -> RebootHistory? {
        let file = file
        let loaded: (value: RebootHistory?, origin: CheckedFile.Origin)
        do {
            loaded = try await Worker.shared.run { try file.load(RebootHistory.init(bytes:)) }
        } catch {
            return nil
        }
        switch loaded.origin {
        case .file, .previous: return loaded.value
        case .absent: return RebootHistory()
        // What was lost does not count any more when the host has been up for as long as the limit looks back.
        case .lost: return waitWithoutRecord(uptime()) == 0 ? RebootHistory() : nil
        // It belongs to the newer release, and is not written over.
        case .newer: return nil
        }
    }
}
