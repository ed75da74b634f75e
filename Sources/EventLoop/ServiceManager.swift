import CSDEvent
import Glibc

/// Messages of a service to systemd: `sd_notify(3)`. Without a service manager they do nothing.
@LoopActor
public enum ServiceManager {
    /// `READY=1`.
    public static func ready(status: String) { sd_notify(0, "READY=1\nSTATUS=\(line(status))") }

    /// `STATUS=`: one line that `systemctl status` shows.
    public static func status(_ text: String) { sd_notify(0, "STATUS=\(line(text))") }

    /// `STOPPING=1`.
    public static func stopping() { sd_notify(0, "STOPPING=1") }

    /// `RELOADING=1` with the monotonic timestamp. `ready(status:)` ends the reload.
    public static func reloading() {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        sd_notify(0, "RELOADING=1\nMONOTONIC_USEC=\(time.tv_sec * 1_000_000 + time.tv_nsec / 1000)")
    }

    /// Feeds the watchdog of `WatchdogSec=` from the loop (`sd_event_set_watchdog(3)`). A stuck loop does not feed it.
    public static func feedWatchdog() { sd_event_set_watchdog(EventLoop.shared.handle, 1) }

    /// Ends the feeding: systemd kills and restarts the service when `WatchdogSec=` is over.
    public static func starveWatchdog() { sd_event_set_watchdog(EventLoop.shared.handle, 0) }

    private static func line(_ text: String) -> String { String(text.map { $0.isNewline ? " " : $0 }) }
}
