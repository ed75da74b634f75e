import EventLoop
import TestSupport
import Testing

@Suite struct FairTurnTests {
    @LoopActor private final class Log { var owners: [String] = [] }

    /// Of one that asks many times another one waits for one turn.
    @Test func eachOwnerHasItsTurn() async throws {
        await onLoop {
            let turn = FairTurn<String>()
            let log = Log()
            for owner in ["a", "a", "a", "a", "b", "b", "c"] {
                LoopActor.spawn {
                    await turn.take(for: owner)
                    log.owners.append(owner)
                    // The others ask meanwhile.
                    await LoopScheduler.shared.sleep(for: .milliseconds(1))
                    turn.give()
                }
            }
            while log.owners.count < 7 { await LoopScheduler.shared.sleep(for: .milliseconds(1)) }
            #expect(log.owners == ["a", "b", "c", "a", "b", "a", "a"])
        }
    }
}
