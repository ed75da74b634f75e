import EventLoop
import Glibc
import Linux

/// What is in use at a moment when nothing is under way: it must not grow with time.
struct Usage: Hashable, CustomStringConvertible {
    /// Timers that are set.
    var timers: Int
    /// Sessions of the gateway's, also ended ones that something still holds.
    var sessions: Int
    var observations: Int
    /// Descriptors of the process.
    var descriptors: Int
    /// Pages of the process's heap and stacks that are in memory, in KiB.
    var memory: Int

    var description: String {
        "\(timers) timers, \(sessions) sessions, \(observations) observations, \(descriptors) descriptors, \(memory) KiB"
    }

    /// The descriptors of this process.
    static func descriptors() throws -> Int { try Files.names(in: "/proc/self/fd").count }

    /// `RssAnon` of `/proc/self/status` (proc(5)).
    static func memory() throws -> Int {
        let text = String(decoding: try Files.read("/proc/self/status", limit: 1 << 16), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }
}
