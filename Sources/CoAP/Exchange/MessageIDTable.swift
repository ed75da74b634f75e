/// Values by message ID, in slots that stay where they are.
///
/// A table of its own instead of a dictionary: a peer's message IDs count up (RFC 7252, 4.4), so that their low bytes spread
/// them as well as a hash would, which costs more than all the rest of a look-up. IDs that a hostile peer chooses make a chain of
/// at most 256.
struct MessageIDTable<Value> {
    private struct Slot {
        var id: UInt16
        var next: Int32
        var value: Value?
    }

    private static var none: Int32 { -1 }

    /// The first slot of each chain.
    private var chains = [Int32](repeating: none, count: 256)
    private var slots: [Slot] = []
    /// The first of the chain of slots that are free.
    private var free = none

    private(set) var count = 0

    /// The slot of an ID's value.
    func slot(of id: UInt16) -> Int? {
        var slot = chains[Int(id & 0xff)]
        while slot != Self.none {
            if slots[Int(slot)].id == id { return Int(slot) }
            slot = slots[Int(slot)].next
        }
        return nil
    }

    /// What is in a slot; nil when it is free.
    subscript(slot: Int) -> Value? {
        get { slots[slot].value }
        // A coroutine that modifies it in place would take memory for its frame.
        set { slots[slot].value = newValue }
    }

    /// - Precondition: the ID has no value.
    /// - Returns: the slot that it has got.
    mutating func insert(_ value: Value, for id: UInt16) -> Int {
        let chain = Int(id & 0xff)
        count += 1
        guard free != Self.none else {
            slots.append(Slot(id: id, next: chains[chain], value: value))
            chains[chain] = Int32(slots.count - 1)
            return slots.count - 1
        }
        let slot = Int(free)
        free = slots[slot].next
        slots[slot] = Slot(id: id, next: chains[chain], value: value)
        chains[chain] = Int32(slot)
        return slot
    }

    /// Frees a slot. It may get another ID at once.
    ///
    /// - Precondition: the slot is not free.
    mutating func remove(at slot: Int) -> Value {
        guard let value = slots[slot].value else { preconditionFailure("the slot is free") }
        let (chain, next) = (Int(slots[slot].id & 0xff), slots[slot].next)
        if chains[chain] == Int32(slot) {
            chains[chain] = next
        } else {
            var before = Int(chains[chain])
            while slots[before].next != Int32(slot) { before = Int(slots[before].next) }
            slots[before].next = next
        }
        slots[slot].value = nil
        slots[slot].next = free
        free = Int32(slot)
        count -= 1
        return value
    }
}
