/// As `Turn`, among several that may each ask often: after each turn comes the one of them who had it longest ago.
///
/// So nobody waits for more than one turn of each of the others, however many of them they have asked for.
@LoopActor
public final class FairTurn<Owner: Hashable & Sendable> {
    private var taken = false
    private var waiting: [(owner: Owner, continuation: CheckedContinuation<Void, Never>)] = []
    /// Who had a turn, the one before the others first.
    private var served: [Owner] = []

    /// How many turns are waited for.
    public var waitingCount: Int { waiting.count }

    public nonisolated init() {}

    /// Waits for the owner's turn; `give` ends it.
    public func take(for owner: Owner) async {
        if taken { await withCheckedContinuation { waiting.append((owner, $0)) } }
        taken = true
        served.removeAll { $0 == owner }
        served.append(owner)
    }

    public func give() {
        let next = waiting.indices.min { age(waiting[$0].owner) < age(waiting[$1].owner) }
        guard let next else {
            taken = false
            return
        }
        waiting.remove(at: next).continuation.resume()
    }

    /// Smaller for who had a turn longer ago, or none.
    private func age(_ owner: Owner) -> Int { served.firstIndex(of: owner) ?? -1 }
}
