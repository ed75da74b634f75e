import CSDEvent
import Glibc
import Linux

/// An event source of the loop. The loop keeps it alive until it is cancelled.
@LoopActor
public class EventSource {
    fileprivate var source: OpaquePointer?

    fileprivate init() {}

    /// Detaches the source; its handler is not called any more. Further calls do nothing.
    public func cancel() {
        guard let source else { return }
        self.source = nil
        sd_event_source_set_enabled(source, Int32(SD_EVENT_OFF))
        sd_event_source_unref(source)
        // Release the reference that `adopt` took for the C library.
        Unmanaged.passUnretained(self).release()
    }

    fileprivate func adopt(_ what: String, _ add: (UnsafeMutableRawPointer, inout OpaquePointer?) -> Int32) {
        let result = tryToAdopt(add)
        guard result >= 0 else { preconditionFailure("\(what): \(String(cString: strerror(-result)))") }
    }

    /// - Returns: what the C function returned: a negative error if there is no source.
    fileprivate func tryToAdopt(_ add: (UnsafeMutableRawPointer, inout OpaquePointer?) -> Int32) -> Int32 {
        EventLoop.shared.checkIsolated()
        var source: OpaquePointer?
        let own = Unmanaged.passRetained(self)
        let result = add(own.toOpaque(), &source)
        if result < 0 { own.release() }
        self.source = source
        return result
    }
}

/// A watched descriptor: `sd_event_add_io(3)`.
@LoopActor
public final class IOSource: EventSource {
    fileprivate let handler: @LoopActor (UInt32) -> Void

    /// - Parameters:
    ///   - descriptor: stays owned by the caller, who may close it only after `cancel()`.
    ///   - events: `EPOLLIN`, `EPOLLOUT` as bits.
    ///   - handler: called with the events that occurred.
    public init(descriptor: Int32, events: UInt32 = IOSource.readable, handler: @escaping @LoopActor (UInt32) -> Void) {
        self.handler = handler
        super.init()
        adopt("sd_event_add_io") { sd_event_add_io(EventLoop.shared.handle, &$1, descriptor, events, ioFired, $0) }
    }

    public nonisolated static let readable = UInt32(EPOLLIN.rawValue)

    /// The watched events from now on: `sd_event_source_set_io_events(3)`.
    public var events: UInt32 = 0 {
        didSet { if let source { sd_event_source_set_io_events(source, events) } }
    }
}

/// A signal: `sd_event_add_signal(3)`. The signal is first blocked for the calling thread, as sd-event requires. So make these
/// before any other thread starts.
@LoopActor
public final class SignalSource: EventSource {
    fileprivate let handler: @LoopActor () -> Void

    public init(_ signal: Int32, handler: @escaping @LoopActor () -> Void) {
        self.handler = handler
        super.init()
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, signal)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        adopt("sd_event_add_signal") { sd_event_add_signal(EventLoop.shared.handle, &$1, signal, signalFired, $0) }
    }
}

/// Files that get a name in a folder: `sd_event_add_inotify(3)` with `IN_MOVED_TO` and `IN_CLOSE_WRITE`.
@LoopActor
public final class FolderSource: EventSource {
    fileprivate let handler: @LoopActor (String) -> Void

    /// - Parameter handler: called with the name of each file that was moved into the folder or written there; with an empty one
    ///   when there were more than the kernel remembers.
    /// - Throws: `ENOENT` and others of `inotify_add_watch(2)`.
    public init(_ folder: String, handler: @escaping @LoopActor (String) -> Void) throws(Errno) {
        self.handler = handler
        super.init()
        let result = tryToAdopt {
            sd_event_add_inotify(
                EventLoop.shared.handle, &$1, folder, UInt32(IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR), folderFired, $0
            )
        }
        if result < 0 { throw Errno(-result, "watch \(folder)") }
    }
}

/// A one-shot timer: `sd_event_add_time(3)` on `CLOCK_BOOTTIME`.
///
/// Never early: `sd_event_add_time_relative(3)` counts from when the loop woke up, and what happened since would be missing.
@LoopActor
final class TimerSource: EventSource, Scheduled {
    fileprivate let handler: @LoopActor () -> Void

    /// - Parameter accuracy: how much sd-event may delay the timer to join wake-ups.
    init(after delay: Duration, accuracy: Duration, handler: @escaping @LoopActor () -> Void) {
        self.handler = handler
        super.init()
        let time = LoopScheduler.shared.now + max(delay, .zero)
        adopt("sd_event_add_time") {
            sd_event_add_time(
                EventLoop.shared.handle, &$1, CLOCK_BOOTTIME, time.microseconds, max(1, accuracy.microseconds),
                timerFired, $0)
        }
    }
}

/// The loop's own clock and timers.
///
/// A timer never fires before its delay has passed on `now`. It may fire late by 1 % of its delay, at most 250 ms: sd-event joins
/// timers that are close together, so that an idle gateway wakes up less often. Timers that are overdue at the same time fire in
/// no particular order.
@LoopActor
public final class LoopScheduler: Scheduler {
    public static let shared = LoopScheduler()

    public var now: Duration {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    @discardableResult
    public func schedule(after delay: Duration, _ handler: @escaping @LoopActor () -> Void) -> any Scheduled {
        TimerSource(after: delay, accuracy: min(delay / 100, .milliseconds(250)), handler: handler)
    }
}

extension Duration {
    /// Microseconds, rounded up; zero for a negative duration.
    fileprivate var microseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(seconds) * 1_000_000 + UInt64((attoseconds + 999_999_999_999) / 1_000_000_000_000)
    }
}

// C callbacks are top-level functions, because a closure that captures crashes the compiler.

private func ioFired(_: OpaquePointer?, _: Int32, events: UInt32, data: UnsafeMutableRawPointer?) -> Int32 {
    guard let data else { return 0 }
    LoopActor.assumeIsolated((data, events)) { data, events in
        Unmanaged<IOSource>.fromOpaque(data).takeUnretainedValue().handler(events)
    }
    return 0
}

private func signalFired(
    _: OpaquePointer?, _: UnsafePointer<signalfd_siginfo>?, data: UnsafeMutableRawPointer?
) -> Int32 {
    guard let data else { return 0 }
    LoopActor.assumeIsolated(data) {
        Unmanaged<SignalSource>.fromOpaque($0).takeUnretainedValue().handler()
    }
    return 0
}

private func folderFired(
    _: OpaquePointer?, event: UnsafePointer<inotify_event>?, data: UnsafeMutableRawPointer?
) -> Int32 {
    guard let data, let event else { return 0 }
    // The name follows the structure, up to a NUL. Without one, events were lost (IN_Q_OVERFLOW).
    let name =
        event.pointee.len > 0 ? String(cString: UnsafeRawPointer(event + 1).assumingMemoryBound(to: CChar.self)) : ""
    LoopActor.assumeIsolated((data, name)) { data, name in
        Unmanaged<FolderSource>.fromOpaque(data).takeUnretainedValue().handler(name)
    }
    return 0
}

private func timerFired(_: OpaquePointer?, _: UInt64, data: UnsafeMutableRawPointer?) -> Int32 {
    guard let data else { return 0 }
    LoopActor.assumeIsolated(data) {
        let timer = Unmanaged<TimerSource>.fromOpaque($0).takeUnretainedValue()
        timer.cancel()
        timer.handler()
    }
    return 0
}
