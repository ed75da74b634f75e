import Contract
import EventLoop

/// What is shown while a deployment runs: a bar on a terminal, drawn again each second with the time that is left or has
/// passed; otherwise a line for each step.
@LoopActor
final class ProgressLine {
    private let console: Console
    private let scheduler: any Scheduler
    private let clock: () -> Int64
    private var info: DeploymentInfo?
    private var shown = ""
    /// When the step that is shown began, by the scheduler.
    private var since = Duration.zero
    private var timer: (any Scheduled)?

    /// - Parameter clock: seconds since the epoch.
    init(_ console: Console, scheduler: any Scheduler, clock: @escaping () -> Int64 = { Moments.now }) {
        self.console = console
        self.scheduler = scheduler
        self.clock = clock
    }

    func show(_ info: DeploymentInfo) {
        self.info = info
        let text = "\(info.subject): \(info.activity)"
        if text != shown {
            shown = text
            since = scheduler.now
            if !console.isTerminal, !info.state.isEmpty { console.line(text) }
        }
        draw()
    }

    /// Nothing is drawn any more.
    func stop() {
        timer?.cancel()
        timer = nil
        info = nil
    }

    private func draw() {
        guard console.isTerminal, let info else { return }
        console.bar(percent: info.percent, shown + time(info))
        timer?.cancel()
        timer = scheduler.schedule(after: .seconds(1)) { [weak self] in self?.draw() }
    }

    /// ` (24 s left)` of a step with an end, ` (7 s)` of another one that takes long.
    private func time(_ info: DeploymentInfo) -> String {
        let left = info.until - clock()
        if left > 0 { return " (\(Moments.span(left)) left)" }
        let passed = (scheduler.now - since).components.seconds
        return passed >= 3 ? " (\(Moments.span(passed)))" : ""
    }
}
