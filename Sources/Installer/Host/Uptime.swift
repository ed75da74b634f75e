import EventLoop
import Glibc
import Linux

/// How long this system has been up.
enum Uptime {
    /// Seconds since process 1 started: `CLOCK_BOOTTIME` less its start time (proc_pid_stat(5), field 22).
    ///
    /// In a container the clock alone would tell how long the host has been up.
    @LoopActor
    static func seconds(scheduler: any Scheduler) -> Int {
        let now = Int(scheduler.now.components.seconds)
        guard let stat = try? Files.read("/proc/1/stat", limit: 4096), let start = startTime(in: stat) else {
            return now
        }
        return max(0, now - start)
    }

    /// The start time in a line of /proc/PID/stat, in seconds since the kernel's boot.
    static func startTime(in stat: [UInt8]) -> Int? {
        // The name, in parentheses, may hold blanks: fields are counted behind it.
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let ticks = Int(String(decoding: fields[19], as: UTF8.self)) else { return nil }
        return ticks / max(1, sysconf(Int32(_SC_CLK_TCK)))
    }
}
