import EventLoop

/// Events that one task waits for, in order; callbacks of the loop put them in.
@LoopActor
final class EventQueue<Event: Sendable> {
    private var events: [Event] = []
    private var waiting: CheckedContinuation<Event, Never>?

    /// A task waits: nothing goes on without an event.
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
            // Decided here and not before: another job may run between a look at the queue and this.
            if events.isEmpty {
                waiting = continuation
            } else {
                continuation.resume(returning: events.removeFirst())
            }
        }
    }
}
