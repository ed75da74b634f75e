import LwM2M
import Testing

@testable import LwM2MClient

@Suite struct SendQueueTests {
    private static func entries(_ count: Int, bytes: Int = 4) -> [CompositeContent.Entry] {
        (0..<count).map { .init(Path(30000, 0, 7, UInt16($0)), .opaque([UInt8](repeating: 1, count: bytes))) }
    }

    @Test func theOldestMakesRoom() {
        var queue = SendQueue()
        // Each is 32 bytes and its value: 64 of them fill the room.
        for second in 0..<64 {
            #expect(queue.add(Self.entries(1, bytes: 4064), taken: .seconds(second)) == UInt64(second + 1))
        }
        #expect(queue.samples.count == 64)
        #expect(queue.takeDropped() == 0)
        #expect(queue.add(Self.entries(1), taken: .seconds(64)) == 65)
        #expect(queue.samples.count == 64)
        #expect(queue.samples.first?.taken == .seconds(1))
        #expect(queue.takeDropped() == 1)
        #expect(queue.takeDropped() == 0)
        // What is larger than all the room takes none.
        #expect(queue.add(Self.entries(1, bytes: SendQueue.limit), taken: .seconds(65)) == nil)
        #expect(queue.samples.count == 64)
        #expect(queue.takeDropped() == 1)
    }

    @Test func aMessageHasWholeSamples() {
        var queue = SendQueue()
        #expect(queue.batch(through: nil).isEmpty)
        // 3 × 36 = 108 bytes; 37 of them fit into 4096.
        for _ in 0..<100 { _ = queue.add(Self.entries(3), taken: .zero) }
        #expect(queue.values == 300)
        #expect(queue.batch(through: nil).map(\.number) == Array(1...37))
        queue.remove(through: 37)
        #expect(queue.batch(through: nil).first?.number == 38)
        queue.remove(through: 100)
        #expect(queue.batch(through: nil).isEmpty && queue.values == 0)
        // A single one that is larger is a message of its own.
        #expect(queue.batch(through: 5).isEmpty)
        let large = queue.add(Self.entries(1, bytes: 10000), taken: .zero)
        _ = queue.add(Self.entries(1), taken: .zero)
        #expect(queue.batch(through: nil).map { Optional($0.number) } == [large])
    }

    @Test func whatWasRemovedLeavesItsRoom() {
        var queue = SendQueue()
        for round in 0..<1000 {
            _ = queue.add(Self.entries(1, bytes: 4064), taken: .seconds(round))
            queue.remove(through: UInt64(round + 1))
        }
        #expect(queue.takeDropped() == 0)
        for round in 0..<64 { _ = queue.add(Self.entries(1, bytes: 4064), taken: .seconds(round)) }
        #expect(queue.takeDropped() == 0)
        queue.removeAll()
        for round in 0..<64 { _ = queue.add(Self.entries(1, bytes: 4064), taken: .seconds(round)) }
        #expect(queue.takeDropped() == 0)
    }
}
