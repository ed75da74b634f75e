import State
import Testing

@testable import LwM2MClient

@Suite struct AccessTableTests {
    private static func entry(
        _ rights: [UInt16: AccessRights], owner: UInt16 = 7, isCreated: Bool = false
    ) -> AccessTable.Entry {
        AccessTable.Entry(object: 9, instance: 4, owner: owner, rights: rights, isCreated: isCreated)
    }

    /// LwM2M Core 8.2.2: the own entry, else the owner's all, else the default, else nothing.
    @Test(
        arguments: [
            ([7: [.read], 0: [.write]], 7, [.read]), ([0: [.write]], 7, .all), ([:], 7, .all),
            ([8: [.read]], 8, [.read]),
            ([8: []], 8, []), ([8: [], 0: .all], 8, []), ([0: [.write]], 8, [.write]), ([7: .all], 8, []), ([:], 8, []),
        ] as [([UInt16: AccessRights], UInt16, AccessRights)])
    func rightsComeFromTheFirstThatSays(rights: [UInt16: AccessRights], server: UInt16, expected: AccessRights) {
        var table = AccessTable()
        table.set(Self.entry(rights))
        #expect(table.rights(of: server, object: 9, 4) == expected)
        #expect(table.rights(of: server, object: 9, 5) == nil)
        #expect(table.rights(of: server, object: 3, 4) == nil)
    }

    @Test func theLowestFreeIdentifierIsTaken() {
        var table = AccessTable()
        for instance in 0..<3 as Range<UInt16> {
            table.set(AccessTable.Entry(object: 9, instance: instance, owner: 7))
        }
        table.entries[1] = nil
        table.set(AccessTable.Entry(object: 3, instance: 0, owner: 7))
        #expect(table.entries[1]?.object == 3)
        // The same instance again replaces its entry.
        table.set(AccessTable.Entry(object: 9, instance: 2, owner: 8, isCreated: true))
        #expect(table.entries.count == 3 && table.entries[2]?.owner == 8)
    }

    @Test func theConfigurationsRightsAreGivenOnce() {
        var table = AccessTable()
        table.set(Self.entry([8: .all]))
        table.set(AccessTable.Entry(object: 9, instance: 5, owner: 7, isCreated: true))
        let isNew = table.seed("second", 8, [.read])
        #expect(isNew)
        #expect(table.entries[0]?.rights == [8: [.read]])
        #expect(table.entries[1]?.rights == [:], "what a server created is its own")
        table.entries[0]?.rights[8] = [.write]
        let isKnown = !table.seed("second", 8, [.read])
        #expect(isKnown)
        #expect(table.entries[0]?.rights == [8: [.write]], "what the owner wrote since stays")
        let isChanged = table.seed("second", 8, [])
        #expect(isChanged)
        #expect(table.entries[0]?.rights == [8: []])
    }

    @Test func aTableComesBack() throws {
        var table = AccessTable()
        table.set(Self.entry([7: .all, 0: []]))
        table.set(AccessTable.Entry(object: 9, instance: 65535, owner: 65535, rights: [8: [.create]], isCreated: true))
        table.seeded = ["main": .all, "second": [.read, .write]]
        table.others = ["quota 5"]
        #expect(try AccessTable(bytes: table.bytes) == table)
        #expect(try AccessTable(bytes: AccessTable().bytes) == AccessTable())
    }

    @Test(arguments: [
        "", "gatekeel-access 1", "gatekeel-accounts 1\n", "gatekeel-access x\n", "gatekeel-access 1\nentry 1 2 3\n",
        "gatekeel-access 1\nentry 1 2 3 4 host\nentry 1 2 3 4 host\n", "gatekeel-access 1\n  7 31\n",
        "gatekeel-access 1\nentry 1 2 3 4 host\n  7 32\n", "gatekeel-access 1\nseeded main\n",
        "gatekeel-access 1\nentry 70000 2 3 4 host\n",
    ])
    func whatIsDamagedIsNoTable(text: String) throws {
        #expect(try AccessTable(bytes: Array(text.utf8)) == nil)
    }

    @Test func aNewerFormatIsNotRead() {
        #expect(throws: NewerFormat.self) { try AccessTable(bytes: Array("gatekeel-access 2\n".utf8)) }
    }
}
