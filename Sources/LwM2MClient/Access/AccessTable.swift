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
    }

    /// The Object Instance ID (1) of the entry that says who may create.
    static let wholeObject = UInt16.max

    /// By instance of object 2.
    var entries: [UInt16: Entry] = [:]
    /// The rights that the configuration gave last, by account.
    var seeded: [String: AccessRights] = [:]
    /// Lines of the file that a newer release wrote.
    var others: [String] = []

    func instance(for object: UInt16, _ instance: UInt16) -> UInt16? {
        entries.first { $0.value.object == object && $0.value.instance == instance }?.key
    }

    /// What a server may do: as its list says; without one as its owner all; else as the list for all others says.
    ///
    /// - Returns: nil if there is no entry.
    func rights(of server: UInt16, object: UInt16, _ instance: UInt16) -> AccessRights? {
        guard let id = self.instance(for: object, instance), let entry = entries[id] else { return nil }
        if let own = entry.rights[server] { return own }
        return entry.owner == server ? .all : entry.rights[0] ?? []
    }

    /// Adds an entry, at the lowest identifier that is free, or replaces the one that is there.
    mutating func set(_ entry: Entry) {
        let id = instance(for: entry.object, entry.instance) ?? (0..<UInt16.max).first { entries[$0] == nil }
        if let id { entries[id] = entry }
    }

    /// Gives an account what the configuration says, where that has changed since it was said last.
    ///
    /// - Returns: whether anything changed.
    mutating func seed(_ account: String, _ server: UInt16, _ rights: AccessRights) -> Bool {
        guard seeded[account] != rights else { return false }
        seeded[account] = rights
        for id in entries.keys where entries[id]?.isCreated == false { entries[id]?.rights[server] = rights }
        return true
    }
}
