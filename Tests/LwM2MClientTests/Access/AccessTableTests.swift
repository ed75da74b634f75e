import State
import Testing

@testable import LwM2MClient

@Suite struct AccessTableTests {
    private static func entry(
        _ rights: [UInt16: AccessRights], owner: UInt16 = 7, isCreated: Bool = false, instance: UInt16 = 4
    ) -> AccessTable.Entry {
        AccessTable.Entry(object: 9, instance: instance, owner: owner, rights: rights, isCreated: isCreated)
    }

    private static func member(
        _ name: String, _ number: UInt16, _ rights: AccessRights = .all, owns: Bool = false
    ) -> AccessMember { AccessMember(name: name, shortServerID: number, rights: rights, ownsAccess: owns) }

    /// A table with a list of the client's own and one of an instance that server 8 created.
    private static func table(_ members: [AccessMember]) -> AccessTable {
        var table = AccessTable()
        table.configure(members)
        var own = entry([:], owner: table.seededOwner ?? 0)
        for member in members { own.rights[member.shortServerID] = member.rights }
        table.set(own)
        table.set(entry([:], owner: 8, isCreated: true, instance: 5))
        return table
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
        for instance in 0..<3 as Range<UInt16> { table.set(Self.entry([:], instance: instance)) }
        table.remove(1)
        #expect(table.id(of: 9, 1) == nil)
        table.set(AccessTable.Entry(object: 3, instance: 0, owner: 7))
        #expect(table.entries[1]?.object == 3)
        table.set(AccessTable.Entry(object: 3, instance: 1, owner: 7))
        #expect(table.entries[3]?.instance == 1)
        // The same instance again replaces its entry.
        table.set(Self.entry([:], owner: 8, isCreated: true, instance: 2))
        #expect(table.entries.count == 4 && table.entries[2]?.owner == 8)
    }

    @Test func theConfigurationsRightsAreGivenOnce() {
        var table = Self.table([Self.member("main", 7), Self.member("second", 8, [.read])])
        #expect(table.entries[0]?.rights == [7: .all, 8: [.read]])
        table.change(0) { $0.rights[8] = [.write] }
        table.configure([Self.member("main", 7), Self.member("second", 8, [.read])])
        #expect(table.entries[0]?.rights[8] == [.write], "what the owner wrote since stays")
        table.configure([Self.member("main", 7), Self.member("second", 8, [])])
        #expect(table.entries[0]?.rights[8] == [])
        #expect(table.entries[1]?.rights == [:], "what a server created is its own")
    }

    @Test func rightsAndListsFollowAServerToItsNewNumber() {
        var table = Self.table([Self.member("main", 7), Self.member("second", 8, [.read])])
        // The two exchange their numbers.
        table.configure([Self.member("main", 8), Self.member("second", 7, [.read])])
        #expect(table.entries[0]?.rights == [8: .all, 7: [.read]])
        #expect(table.entries[0]?.owner == 8 && table.entries[1]?.owner == 7)
    }

    @Test func whatAServerHadGoesWithItsAccount() {
        var table = Self.table([Self.member("main", 7), Self.member("second", 8), Self.member("third", 9)])
        table.configure([Self.member("main", 7), Self.member("third", 9)])
        #expect(table.entries[0]?.rights == [7: .all, 9: .all])
        #expect(table.entries[1]?.owner == 7, "what it created is the owner's now")
        // Another server gets the number, and nothing with it.
        table.configure([Self.member("main", 7), Self.member("third", 9), Self.member("fourth", 8, [.read])])
        #expect(table.entries[0]?.rights[8] == [.read])
        #expect(table.rights(of: 8, object: 9, 5) == [])
    }

    @Test func anOwnerThatWasWrittenStays() {
        var table = Self.table([Self.member("main", 7), Self.member("second", 8)])
        table.change(0) { $0.owner = 8 }
        table.configure([Self.member("main", 7), Self.member("second", 8)])
        #expect(table.entries[0]?.owner == 8)
        table.configure([Self.member("main", 7), Self.member("second", 8), Self.member("third", 9, owns: true)])
        #expect(table.entries[0]?.owner == 8 && table.seededOwner == 9)
        table.change(0) { $0.owner = 9 }
        table.configure([Self.member("main", 7), Self.member("second", 8), Self.member("third", 9)])
        #expect(table.entries[0]?.owner == 7)
    }

    @Test func aTableComesBack() throws {
        var table = Self.table([Self.member("main", 7), Self.member("second", 8, [.read, .write])])
        table.set(Self.entry([0: [], 8: [.create]], owner: 65535, instance: 65535))
        table.others = ["quota 5", "  7 31"]
        table.change(1) { $0.others = ["  note x y"] }
        let again = try AccessTable(bytes: table.bytes)
        #expect(again == table)
        #expect(again?.id(of: 9, 65535) == 2)
        #expect(try AccessTable(bytes: AccessTable().bytes) == AccessTable())
    }

    @Test func linesOfANewerReleaseGrantNothing() throws {
        let list = "list 0 9 4 7 host\n  7 31\n  note 5\n"
        let others = "group 3\n  8 31\n"
        for lines in [list + others, others + list] {
            let table = try #require(try AccessTable(bytes: Array("gatekeel-access 1\n\(lines)".utf8)))
            #expect(table.entries[0]?.rights == [7: .all])
            #expect(String(decoding: table.bytes, as: UTF8.self) == "gatekeel-access 1\n\(others)\(list)")
        }
    }

    /// What a newer release says more of the owner, or of what was seeded, does not become a right in the last list.
    @Test(arguments: ["owner 7\n  0 31\n", "seed main 7 31\n  0 31\n", "  0 31\n"])
    func linesBelowOtherLinesGrantNothing(lines: String) throws {
        let text = "gatekeel-access 1\n\(lines)list 0 9 4 7 host\n  7 31\n"
        let table = try #require(try AccessTable(bytes: Array(text.utf8)))
        #expect(table.entries[0]?.rights == [7: .all])
        #expect(try AccessTable(bytes: table.bytes) == table)
    }

    @Test(arguments: [
        "", "gatekeel-access 1", "gatekeel-accounts 1\n", "gatekeel-access x\n", "gatekeel-access 1\nlist 1 2 3\n",
        "gatekeel-access 1\nlist 1 2 3 4 host\nlist 1 2 4 4 host\n",
        "gatekeel-access 1\nlist 1 2 3 4 host\nlist 2 2 3 4 host\n",
        "gatekeel-access 1\nseed main\n",
        "gatekeel-access 1\nlist 70000 2 3 4 host\n", "gatekeel-access 1\nowner x\n",
    ])
    func whatIsDamagedIsNoTable(text: String) throws {
        #expect(try AccessTable(bytes: Array(text.utf8)) == nil)
    }

    /// Of a right or a kind of list that came later, no other one may be made.
    @Test(arguments: [
        "gatekeel-access 2\n", "gatekeel-access 1\nlist 1 2 3 4 host\n  7 32\n",
        "gatekeel-access 1\nlist 1 2 3 4 host\n  7 4096\n", "gatekeel-access 1\nseed main 7 63\n",
        "gatekeel-access 1\nlist 1 2 3 4 bootstrap\n",
    ])
    func whatANewerReleaseWroteIsNotRead(text: String) {
        #expect(throws: NewerFormat.self) { try AccessTable(bytes: Array(text.utf8)) }
    }
}
