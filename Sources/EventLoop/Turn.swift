/// Lets work through one at a time, in the order of the calls: what reads, decides and then awaits a durable write must
/// not see another's half.
@LoopActor
public final class Turn {
    private var taken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    public nonisolated init() {}

    /// Waits until nobody else has the turn; `give` ends it.
    public func take() async {
        guard taken else {
            taken = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    public func give() {
        if waiting.isEmpty { taken = false } else { waiting.removeFirst().resume() }
    }
}
