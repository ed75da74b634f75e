import EventLoop
import LwM2M
import Linux
import State

/// Who may do what with which object instance, while there are several servers (LwM2M Core 8.2): what object 2 shows, durable.
///
/// Instances that the client makes itself get the rights that the configuration gives each server. One that a server creates
/// is its own alone, until it says otherwise. With one server nothing is asked and nothing is added.
@LoopActor
public final class AccessLists {
    /// What an operator should hear of.
    public enum Note: Hashable, Sendable {
        /// The file was damaged, and the lists before it were taken.
        case previousTaken
        /// The file was damaged and so was its copy: the lists are as the configuration says.
        case lost
        /// The file cannot be read, for this reason; it is kept, and what servers write is refused.
        case kept(String)
        /// The lists are used but not stored.
        case notStored(String)
    }

    /// Is told of trouble, once for each kind.
    public var report: (@LoopActor (Note) -> Void)? {
        didSet {
            for note in notes { report?(note) }
            notes = []
        }
    }
    /// Is called when instances of object 2 came or went.
    public var instancesChanged: (@LoopActor () -> Void)?
    /// Is called when the rights to object instances changed, with the Short Server IDs of those who may read less than before.
    ///
    /// - Parameter path: the instances; nil: any.
    var rightsChanged: (@LoopActor (_ path: Path?, _ lost: Set<UInt16>) -> Void)?

    private let accounts: ServerAccounts
    private let store: CheckedFile?
    private var notes: [Note] = []
    private var unreadable: String?
    private var hasToldNotStored = false
    private var table = AccessTable()
    private var members: [AccessMember]
    private let turn = Turn()
    private var isSavePending = false

    /// - Parameters:
    ///   - members: the servers of the configuration, also those that cannot be contacted now.
    ///   - path: the file; nil keeps all in memory (tests). The folder exists.
    public init(accounts: ServerAccounts, members: [AccessMember], path: String?) {
        self.accounts = accounts
        self.members = members
        store = path.map { CheckedFile(path: $0, limit: 16 << 20) }
        load()
        table.configure(members)
    }

    private func load() {
        guard let store else { return }
        do throws(Errno) {
            let (loaded, origin) = try store.load { (bytes) throws(NewerFormat) in try AccessTable(bytes: bytes) }
            table = loaded ?? AccessTable()
            switch origin {
            case .file, .absent: break
            case .previous: notes.append(.previousTaken)
            case .lost: notes.append(.lost)
            case .newer: keep("it was written by a newer release of Gatekeel")
            }
        } catch {
            keep(error.description)
        }
    }

    /// Whether a file that could not be read can be now: at the next start it will be used; blocks a worker, not the loop.
    public func isReadableNow() async -> Bool {
        guard let store else { return true }
        let loaded = try? await Worker.shared.run {
            try store.load { (bytes) throws(NewerFormat) in try AccessTable(bytes: bytes) }
        }
        return loaded.map { $0.origin != .newer } ?? false
    }

    private func keep(_ reason: String) {
        unreadable = reason
        notes.append(.kept(reason))
    }

    private func tell(_ note: Note) {
        if let report { report(note) } else { notes.append(note) }
    }

    /// Whether there are several servers, so that rights count. One that cannot be contacted counts.
    public var areNeeded: Bool { members.count > 1 }

    /// Takes the servers of another configuration.
    public func configure(_ members: [AccessMember]) {
        self.members = members
        let before = table
        table.configure(members)
        guard table != before else { return }
        saveLater()
        rightsChanged?(nil, Set(members.map(\.shortServerID)))
    }

    // MARK: Rights

    /// What an account may do with an instance; all of it while there is one server.
    func rights(_ account: UInt16, object: UInt16, instance: UInt16) -> AccessRights {
        guard areNeeded else { return .all }
        guard let server = accounts[account]?.shortServerID else { return [] }
        return rights(of: server, object, instance)
    }

    /// None while the instance is being created: the host may make one of that number meanwhile.
    private func rights(of server: UInt16, _ object: UInt16, _ instance: UInt16) -> AccessRights {
        isReserved(object, instance) ? [] : table.rights(of: server, object: object, instance) ?? []
    }

    /// The instances of an object that an account may read.
    func readable(_ account: UInt16, object: UInt16, of instances: [UInt16]) -> [UInt16] {
        guard areNeeded else { return instances }
        guard let server = accounts[account]?.shortServerID else { return [] }
        return instances.filter { rights(of: server, object, $0).contains(.read) }
    }

    /// Whether an account owns an instance of object 2, and so may write it.
    func owns(_ account: UInt16, _ id: UInt16) -> Bool {
        guard let entry = table.entries[id] else { return false }
        return accounts[account]?.shortServerID == entry.owner
    }

    // MARK: What is there

    /// Instances of an object came or went. Object 0, 1 and 2 have rules of their own.
    ///
    /// A list without an instance goes: whoever gets its number later must not find rights of another one. That includes what a loss
    /// of power left of a Create or a Delete.
    ///
    /// - Parameter isComplete: false while instances of before the start are still to come: their lists stay.
    func follow(_ definition: ObjectDefinition, instances: [UInt16], isComplete: Bool) {
        guard definition.id > 2 else { return }
        let present = Set(instances + (definition.multiple ? [AccessTable.wholeObject] : []))
        var hasChanged = false
        if isComplete {
            for (id, entry) in table.entries
            where entry.object == definition.id && !present.contains(entry.instance) && !reserved.contains(id) {
                table.remove(id)
                hasChanged = true
            }
        }
        if areNeeded {
            for instance in present.sorted() {
                guard table.id(of: definition.id, instance) == nil else { continue }
                var entry = AccessTable.Entry(
                    object: definition.id, instance: instance, owner: table.seededOwner ?? AccessTable.wholeObject)
                for member in members { entry.rights[member.shortServerID] = member.rights }
                table.set(entry)
                hasChanged = true
            }
        }
        guard hasChanged else { return }
        saveLater()
        instancesChanged?()
    }

    /// A server is about to create an instance: it will be its own. On the medium when this returns.
    ///
    /// - Throws: 4.00 when somebody else is creating it, 5.00 when that cannot be stored; then nothing changed.
    func reserve(_ object: UInt16, _ instance: UInt16, for account: UInt16) async throws(OperationError) {
        guard areNeeded, let server = accounts[account]?.shortServerID else { return }
        // A list of what is not there is of a reservation.
        if let id = table.id(of: object, instance) {
            guard !reserved.contains(id) else {
                throw OperationError(.badRequest, "instance \(Path(object, instance)) is being created")
            }
            table.remove(id)
        }
        table.set(AccessTable.Entry(object: object, instance: instance, owner: server, isCreated: true))
        guard let id = table.id(of: object, instance) else {
            throw OperationError(.internalServerError, "there are too many access control lists")
        }
        reserved.insert(id)
        do throws(OperationError) {
            try await save()
        } catch {
            cancel(object, instance)
            throw error
        }
    }

    /// Whether a server is creating this instance.
    func isReserved(_ object: UInt16, _ instance: UInt16) -> Bool {
        table.id(of: object, instance).map { reserved.contains($0) } ?? false
    }

    /// The instance that was to be created is there.
    func created(_ object: UInt16, _ instance: UInt16) {
        guard let id = table.id(of: object, instance) else { return }
        reserved.remove(id)
    }

    /// The instance that was to be created is not there.
    func cancel(_ object: UInt16, _ instance: UInt16) {
        guard let id = table.id(of: object, instance), reserved.remove(id) != nil else { return }
        table.remove(id)
        saveLater()
    }

    /// Instances of object 2 whose object instance is being created.
    private var reserved: Set<UInt16> = []

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
    /// - Throws: 4.00 for a server that is not configured, and is not in the list already.
    public func check(_ id: UInt16, owner: UInt16?, rights: [UInt16: AccessRights]?) throws(OperationError) {
        let known = Set(members.map(\.shortServerID))
        if let owner, !known.contains(owner) {
            throw OperationError(.badRequest, "no account has the Short Server ID \(owner)")
        }
        let present = table.entries[id]?.rights ?? [:]
        if let stranger = rights?.keys.first(where: { $0 != 0 && !known.contains($0) && present[$0] == nil }) {
            throw OperationError(.badRequest, "no account has the Short Server ID \(stranger); 0 is for all others")
        }
    }

    /// Changes an instance: its owner's Write. On the medium when this returns.
    ///
    /// - Throws: 4.00 for a server that is not configured, 4.04 for no such instance, 5.00 when it cannot be stored; then nothing
    ///   changed.
    public func change(
        _ id: UInt16, owner: UInt16?, rights: [UInt16: AccessRights]?
    ) async throws(OperationError) {
        await turn.take()
        defer { turn.give() }
        try check(id, owner: owner, rights: rights)
        guard let before = table.entries[id] else { throw OperationError(.notFound, "no instance /2/\(id)") }
        table.change(id) { entry in
            if let owner { entry.owner = owner }
            if let rights { entry.rights = rights }
        }
        let after = table.entries[id]
        guard after != before else { return }
        do throws(OperationError) {
            try await write()
        } catch {
            // The instance may have gone meanwhile, and its identifier to another one.
            if table.entries[id] == after { table.change(id) { $0 = before } }
            throw error
        }
        let lost = members.map(\.shortServerID).filter { server in
            before.rights(of: server).contains(.read) && after?.rights(of: server).contains(.read) != true
        }
        rightsChanged?(
            before.instance == AccessTable.wholeObject ? Path(before.object) : Path(before.object, before.instance),
            Set(lost))
    }

    // MARK: The file

    /// One save for all changes until it begins. What cannot be stored now is made of the configuration again at the next start.
    private func saveLater() {
        guard !isSavePending else { return }
        isSavePending = true
        LoopActor.spawn { try? await self.save() }
    }

    private func save() async throws(OperationError) {
        await turn.take()
        defer { turn.give() }
        isSavePending = false
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
            hasToldNotStored = false
        } catch {
            if !hasToldNotStored { tell(.notStored("\(error)")) }
            hasToldNotStored = true
            throw OperationError(.internalServerError, "the change could not be stored: \(error)")
        }
    }
}
