import EventLoop
import LwM2M
import Linux
import State

/// Who may do what with which object instance, while there are several servers (LwM2M Core 8.2): what object 2 shows, durable.
///
/// Instances that the client makes itself get the rights that the configuration gives each account. One that a server creates
/// is its own alone, until it says otherwise. With one server the lists are kept, and ask nobody for a right.
@LoopActor
public final class AccessLists {
    /// What an operator should hear of after loading.
    public enum Note: Hashable, Sendable {
        /// The file was damaged, and the lists before it were taken.
        case previousTaken
        /// The file was damaged and so was its copy: the lists are as the configuration says.
        case lost
        /// The file cannot be read, for this reason; it is kept, and what servers write is refused.
        case kept(String)
    }

    /// What happened while loading; nil if nothing did.
    public private(set) var note: Note?
    /// Is called when instances of object 2 came or went.
    public var instancesChanged: (@LoopActor () -> Void)?
    /// Is called when the rights to object instances changed; nil: to any.
    var rightsChanged: (@LoopActor (Path?) -> Void)?

    private let accounts: ServerAccounts
    private let store: CheckedFile?
    private var unreadable: String?
    private var table = AccessTable()
    /// What was there since the start. Only that can go: at a start, instances come later than their lists.
    private var seen: Set<Path> = []
    private let turn = Turn()

    /// - Parameter path: the file; nil keeps all in memory (tests). The folder exists.
    public init(accounts: ServerAccounts, path: String?) {
        self.accounts = accounts
        store = path.map { CheckedFile(path: $0) }
        guard let store else { return }
        do throws(Errno) {
            let (loaded, origin) = try store.load { (bytes) throws(NewerFormat) in try AccessTable(bytes: bytes) }
            table = loaded ?? AccessTable()
            switch origin {
            case .file, .absent: break
            case .previous: note = .previousTaken
            case .lost: note = .lost
            case .newer: keep("it was written by a newer release of Gatekeel")
            }
        } catch {
            keep(error.description)
        }
    }

    private func keep(_ reason: String) {
        unreadable = reason
        note = .kept(reason)
    }

    /// Whether there are several servers, so that rights count.
    public var areNeeded: Bool { accounts.all.count > 1 }

    /// The server that owns what the client makes itself: the one that the configuration names, else the first.
    private var owner: UInt16 {
        (accounts.all.first { $0.seed.ownsAccess } ?? accounts.all.first)?.shortServerID ?? AccessTable.wholeObject
    }

    // MARK: Rights

    /// What an account may do with an instance; all of it while there is one server.
    func rights(_ account: UInt16, object: UInt16, instance: UInt16) -> AccessRights {
        guard areNeeded else { return .all }
        guard let server = accounts[account]?.shortServerID else { return [] }
        return table.rights(of: server, object: object, instance) ?? []
    }

    /// Whether there is a list for an instance.
    func knows(_ object: UInt16, _ instance: UInt16) -> Bool { table.instance(for: object, instance) != nil }

    /// Whether an account owns an instance of object 2, and so may write it. Of an owner that is gone the client's own takes its
    /// place.
    func owns(_ account: UInt16, _ id: UInt16) -> Bool {
        guard let entry = table.entries[id], let server = accounts[account]?.shortServerID else { return false }
        return server == entry.owner || (server == owner && !accounts.all.contains { $0.shortServerID == entry.owner })
    }

    // MARK: What is there

    /// Instances of an object came or went. Object 0, 1 and 2 have rules of their own.
    func follow(_ definition: ObjectDefinition, instances: [UInt16]) {
        guard definition.id > 2 else { return }
        let before = table
        let present = Set(instances + (definition.multiple ? [AccessTable.wholeObject] : []))
        for (id, entry) in table.entries where entry.object == definition.id && !present.contains(entry.instance) {
            guard seen.remove(Path(entry.object, entry.instance)) != nil else { continue }
            table.entries[id] = nil
        }
        for instance in present { seen.insert(Path(definition.id, instance)) }
        for instance in present.sorted() where table.instance(for: definition.id, instance) == nil {
            var entry = AccessTable.Entry(object: definition.id, instance: instance, owner: owner)
            for account in accounts.all { entry.rights[account.shortServerID] = account.seed.rights }
            table.set(entry)
        }
        guard table != before else { return }
        saveLater()
        instancesChanged?()
    }

    /// Accounts came, went or changed.
    func accountsChanged() {
        var hasChanged = false
        for account in accounts.all
        where table.seed(account.name, account.shortServerID, account.seed.rights) { hasChanged = true }
        for id in table.entries.keys where table.entries[id]?.isCreated == false && table.entries[id]?.owner != owner {
            table.entries[id]?.owner = owner
            hasChanged = true
        }
        guard hasChanged else { return }
        saveLater()
        rightsChanged?(nil)
    }

    /// A server created an instance: it is its own. On the medium when this returns.
    ///
    /// - Throws: 5.00 when it cannot be stored; then nobody has a right to it.
    func created(_ object: UInt16, _ instance: UInt16, by account: UInt16) async throws(OperationError) {
        guard let server = accounts[account]?.shortServerID else { return }
        table.set(AccessTable.Entry(object: object, instance: instance, owner: server, isCreated: true))
        instancesChanged?()
        try await save()
    }

    // MARK: Object 2

    /// The instances of object 2, sorted.
    public var instances: [UInt16] { table.entries.keys.sorted() }

    public func has(_ id: UInt16) -> Bool { table.entries[id] != nil }

    /// What an instance says.
    public func list(
        _ id: UInt16
    ) -> (object: UInt16, instance: UInt16, owner: UInt16, rights: [UInt16: AccessRights])? {
        table.entries[id].map { ($0.object, $0.instance, $0.owner, $0.rights) }
    }

    /// Refuses what `change` would refuse.
    ///
    /// - Throws: 4.00 for a server that has no account.
    public func check(owner: UInt16?, rights: [UInt16: AccessRights]?) throws(OperationError) {
        let known = Set(accounts.all.map(\.shortServerID))
        if let owner, !known.contains(owner) {
            throw OperationError(.badRequest, "no account has the Short Server ID \(owner)")
        }
        if let stranger = rights?.keys.first(where: { $0 != 0 && !known.contains($0) }) {
            throw OperationError(.badRequest, "no account has the Short Server ID \(stranger); 0 is for all others")
        }
    }

    /// Changes an instance: its owner's Write. On the medium when this returns.
    ///
    /// - Throws: 4.00 for a server that has no account, 4.04 for no such instance, 5.00 when it cannot be stored; then nothing
    ///   changed.
    public func change(
        _ id: UInt16, owner: UInt16?, rights: [UInt16: AccessRights]?
    ) async throws(OperationError) {
        await turn.take()
        defer { turn.give() }
        try check(owner: owner, rights: rights)
        guard let before = table.entries[id] else { throw OperationError(.notFound, "no instance /2/\(id)") }
        if let owner { table.entries[id]?.owner = owner }
        if let rights { table.entries[id]?.rights = rights }
        guard table.entries[id] != before else { return }
        do throws(OperationError) {
            try await write()
        } catch {
            table.entries[id] = before
            throw error
        }
        rightsChanged?(
            before.instance == AccessTable.wholeObject ? Path(before.object) : Path(before.object, before.instance))
    }

    // MARK: The file

    /// What cannot be stored now is made of the configuration again at the next start.
    private func saveLater() { LoopActor.spawn { try? await self.save() } }

    private func save() async throws(OperationError) {
        await turn.take()
        defer { turn.give() }
        try await write()
    }

    private func write() async throws(OperationError) {
        guard let store else { return }
        if let unreadable {
            throw OperationError(.internalServerError, "the change could not be stored: \(unreadable)")
        }
        let bytes = table.bytes
        do {
            try await Worker.shared.run { try store.save(bytes) }
        } catch {
            throw OperationError(.internalServerError, "the change could not be stored: \(error)")
        }
    }
}
