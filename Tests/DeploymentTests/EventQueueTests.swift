import TestSupport
import Testing

@testable import Deployment

@Suite struct EventQueueTests {
    @Test func whatIsForgottenIsNotGivenAndTheOthersKeepTheirOrder() async {
        let rest = await onLoop {
            let queue = EventQueue<Int>()
            for number in 1...5 { queue.push(number) }
            queue.forget { $0 % 2 == 0 }
            return [await queue.next(), await queue.next(), await queue.next()]
        }
        #expect(rest == [1, 3, 5])
    }
}
