/// The access control lists of object 2 (LwM2M Core 8.2, Appendix E.3); pure.
struct AccessTable: Hashable, Sendable {
    /// One instance of object 2.
    struct Entry: Hashable, Sendable {
        let object: UInt16
        /// Of the object; `wholeObject` for the right to create.
        let instance: UInt16
        /// Access Control Owner (3): a Short Server ID.
        var owner: UInt16
        /// ACL (2), by Short Server ID; 0 is for all that are not named.
        var rights: [UInt16: AccessRights] = [:]
        /// Whether a server created the object instance; the configuration gives no rights to such a one.
        var isCreated = false
        /// Lines of the file that a newer release wrote.
        var others: [String] = []

        /// What a server may do: as the list says of it; without a word as its owner all; else as it says of all others.
        func rights(of server: UInt16) -> AccessRights {
            rights[server] ?? (owner == server ? .all : rights[0] ?? [])
        }

        fileprivate var key: UInt32 { AccessTable.key(object, instance) }
    }

    /// What the configuration said last of a server.
    struct Seed: Hashable, Sendable {
        var number: UInt16
        var rights: AccessRights
    }

    /// The Object Instance ID (1) of the entry that says who may create.
    static let wholeObject = UInt16.max

    /// By instance of object 2.
    private(set) var entries: [UInt16: Entry] = [:]
    /// By account.
    var seeds: [String: Seed] = [:]
    /// The owner that the configuration named last; nil before it named one.
    var seededOwner: UInt16?
    /// Lines of the file that a newer release wrote.
    var others: [String] = []
    /// The instances of object 2, by what they are about.
    private var index: [UInt32: UInt16] = [:]
    /// No identifier below this one is free.
    private var lowest: UInt16 = 0

    static func == (left: AccessTable, right: AccessTable) -> Bool {
        left.entries == right.entries && left.seeds == right.seeds && left.seededOwner == right.seededOwner
            && left.others == right.others
    }

    func hash(into hasher: inout Hasher) { hasher.combine(entries) }

    private static func key(_ object: UInt16, _ instance: UInt16) -> UInt32 { UInt32(object) << 16 | UInt32(instance) }

    /// The instance of object 2 that is about an object instance.
    func id(of object: UInt16, _ instance: UInt16) -> UInt16? { index[Self.key(object, instance)] }

    /// What a server may do; nil if there is no entry.
    func rights(of server: UInt16, object: UInt16, _ instance: UInt16) -> AccessRights? {
        id(of: object, instance).flatMap { entries[$0] }?.rights(of: server)
    }

    /// Adds an entry, at the lowest identifier that is free, or replaces the one that is there.
    mutating func set(_ entry: Entry) {
        if let id = index[entry.key] {
            entries[id] = entry
            return
        }
        while lowest < UInt16.max, entries[lowest] != nil { lowest += 1 }
        guard lowest < UInt16.max else { return }
        _ = insert(entry, at: lowest)
    }

    /// - Returns: false if the identifier is taken, or another entry is about the same.
    mutating func insert(_ entry: Entry, at id: UInt16) -> Bool {
        guard entries[id] == nil, index[entry.key] == nil else { return false }
        entries[id] = entry
        index[entry.key] = id
        return true
    }

    mutating func remove(_ id: UInt16) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        index[entry.key] = nil
        lowest = min(lowest, id)
    }

    mutating func change(_ id: UInt16, _ edit: (inout Entry) -> Void) {
        guard var entry = entries[id] else { return }
        edit(&entry)
        entries[id] = entry
    }

    // MARK: The configuration

    /// Takes the servers of a configuration. What it says of a server replaces that server's rights where that has changed since it
    /// was said last; a server with a new number keeps its rights and what it owns; those of a server that is gone go.
    mutating func configure(_ members: [AccessMember]) {
        let owner = members.first { $0.ownsAccess } ?? members.first
        var moved: [UInt16: UInt16] = [:]
        for member in members {
            if let seed = seeds[member.name], seed.number != member.shortServerID {
                moved[seed.number] = member.shortServerID
            }
        }
        let gone = seeds.filter { name, _ in !members.contains { $0.name == name } }
        for seed in gone.values where moved[seed.number] == nil { moved[seed.number] = Self.wholeObject }
        let changed = members.filter { seeds[$0.name]?.rights != $0.rights }
        let ownerBefore = seededOwner.map { moved[$0] ?? $0 }
        for id in Array(entries.keys) {
            change(id) { entry in
                entry.move(moved, to: owner?.shortServerID)
                guard !entry.isCreated else { return }
                for member in changed { entry.rights[member.shortServerID] = member.rights }
                if let owner, entry.owner == ownerBefore { entry.owner = owner.shortServerID }
            }
        }
        seeds = Dictionary(
            members.map { ($0.name, Seed(number: $0.shortServerID, rights: $0.rights)) }, uniquingKeysWith: { $1 })
        seededOwner = owner?.shortServerID
    }
}

extension AccessTable.Entry {
    /// Replaces numbers of servers; `wholeObject` for one that is gone, whose lists become the owner's.
    fileprivate mutating func move(_ numbers: [UInt16: UInt16], to newOwner: UInt16?) {
        guard !numbers.isEmpty else { return }
        var moved: [UInt16: AccessRights] = [:]
        for (server, granted) in rights {
            let number = numbers[server] ?? server
            if number != AccessTable.wholeObject { moved[number] = granted }
        }
        rights = moved
        guard let number = numbers[owner] else { return }
        owner = number == AccessTable.wholeObject ? newOwner ?? owner : number
    }
}
