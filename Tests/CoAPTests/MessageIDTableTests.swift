import Testing

@testable import CoAP

@Suite struct MessageIDTableTests {
    @Test func itIsADictionaryOfMessageIDs() {
        var table = MessageIDTable<Int>()
        var model: [UInt16: Int] = [:]
        var random = SystemRandomNumberGenerator()
        for value in 0..<20_000 {
            // Few low bytes, so that chains are long.
            let id = UInt16.random(in: 0..<64, using: &random) << 8 | UInt16.random(in: 0..<4, using: &random)
            if let slot = table.slot(of: id) {
                #expect(table[slot] == model[id])
                if Bool.random() {
                    table[slot] = value
                    model[id] = value
                } else {
                    #expect(table.remove(at: slot) == model.removeValue(forKey: id))
                    #expect(table[slot] == nil)
                }
            } else {
                #expect(model[id] == nil)
                let slot = table.insert(value, for: id)
                #expect(table[slot] == value)
                model[id] = value
            }
            #expect(table.count == model.count)
        }
        for (id, value) in model { #expect(table.slot(of: id).flatMap { table[$0] } == value) }
    }
}
