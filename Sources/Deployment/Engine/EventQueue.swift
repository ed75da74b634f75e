import EventLoop

/// A queue of events. Callbacks of the loop add them; one task waits for them.
@LoopActor
final class EventQueue<Event: Sendable> {
    private var events: [Event] = []
    private var waiting: CheckedContinuation<Event, Never>?

    /// Whether a task waits for the next event.
    var isWaiting: Bool { waiting != nil }

    func push(_ event: Event) {
        if let continuation = waiting {
            waiting = nil
            continuation.resume(returning: event)
        } else {
            events.append(event)
        }
    }

    func clear() { events = [] }

    /// The next event. One task at a time may wait.
    func next() async -> Event {
        await withCheckedContinuation { continuation in
            // Checked here: another job may have run since the call.
            if events.isEmpty {
                waiting = continuation
            } else {
                continuation.resume(returning: events.removeFirst())
            }
        }
    }
}
