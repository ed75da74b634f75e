import EventLoop
import Glibc
import LwM2M
import Linux
import State

/// The accounts of this client with its servers: what objects 0 and 1 show, and what registration goes by.
///
/// The configuration seeds an account. What a server writes wins from then on and is durable before the write is
/// answered; when the section itself changes, the section wins again, once.
@LoopActor
public final class ServerAccounts {
    /// What an operator should hear of after loading.
    public enum Note: Hashable, Sendable {
        /// The section of this name changed, so that its values replaced those that the server had written.
        case configurationWon(name: String)
        /// The file was damaged, and the state before it was taken.
        case previousStateTaken
        /// The file was damaged and so was its copy: what servers wrote is forgotten.
        case stateLost
        /// The file cannot be read, for this reason. It is kept: until it can be read at a start (`isReadableNow`), the accounts
        /// are as the configuration says, and what servers write is refused.
        case stateKept(String)
    }

    /// By instance, sorted.
    public private(set) var all: [ServerAccount] = []
    /// What happened while loading and reloading; emptied by who tells it.
    public private(set) var notes: [Note] = []

    /// Is called after a server's or the configuration's change of an account.
    var changed: (@LoopActor (_ instance: UInt16) -> Void)?
    /// Is called when a server executes Registration Update Trigger (1/x/8).
    var triggered: (@LoopActor (_ instance: UInt16) -> Void)?
    /// Is called when a server executes Disable (1/x/4).
    var disabled: (@LoopActor (_ instance: UInt16, _ timeout: Duration) -> Void)?

    private var store: CheckedFile?
    /// Why nothing may be written over the file; nil when it may. It lasts until the next start.
    public private(set) var unreadable: String?
    private var state: AccountState
    /// What the file holds; nil when there is none or it is damaged.
    private var stored: AccountState?
    private let turn = Turn()
    /// The time of day, in seconds since 1970.
    private let clock: @LoopActor () -> Int64

    /// Loads the accounts.
    ///
    /// - Parameters:
    ///   - seeds: one for each section, with unique names and Short Server IDs.
    ///   - dormant: names of sections that cannot be used for now (a key file that is refused): what their servers wrote
    ///     is kept for when they can.
    ///   - path: the file; nil keeps all in memory (tests). The folder exists.
    ///   - clock: the time of day in seconds since 1970, by which a disabled server is left alone over a restart.
    public init(
        seeds: [ServerAccount.Seed], dormant: Set<String> = [], path: String?,
        clock: @escaping @LoopActor () -> Int64 = { Int64(time(nil)) }
    ) {
        self.clock = clock
        store = path.map { CheckedFile(path: $0) }
        state = AccountState()
        do throws(Errno) {
            try load()
        } catch {
            unreadable = error.description
            notes.append(.stateKept(error.description))
        }
        take(merge(seeds, dormant))
    }

    private func load() throws(Errno) {
        guard let store else { return }
        let (loaded, origin) = try store.load { (bytes) throws(NewerFormat) in try AccountState(bytes: bytes) }
        state = loaded ?? AccountState()
        stored = origin == .file ? loaded : nil
        switch origin {
        case .file, .absent: break
        case .previous: notes.append(.previousStateTaken)
        case .lost: notes.append(.stateLost)
        case .newer:
            unreadable = "\(store.path) was written by a newer release of Gatekeel"
            notes.append(.stateKept("\(store.path) was written by a newer release of Gatekeel"))
        }
    }

    /// Whether a file that could not be read can be now: at the next start it will be used; blocks a worker, not the loop.
    public func isReadableNow() async -> Bool {
        guard let store else { return true }
        let loaded = try? await Worker.shared.run {
            try store.load { (bytes) throws(NewerFormat) in try AccountState(bytes: bytes) }
        }
        return loaded.map { $0.origin != .newer } ?? false
    }

    /// Takes the notes.
    public func takeNotes() -> [Note] {
        defer { notes = [] }
        return notes
    }

    /// Whether there is such an account; cheap, for every request asks.
    func has(_ instance: UInt16) -> Bool {
        for index in all.indices where all[index].instance == instance { return true }
        return false
    }

    /// The version of LwM2M of an account; cheap, for every request asks.
    func version(of instance: UInt16) -> EnablerVersion {
        for index in all.indices where all[index].instance == instance { return all[index].seed.version }
        return .v11
    }

    public subscript(instance: UInt16) -> ServerAccount? { all.first { $0.instance == instance } }

    /// Makes what `init` merged durable; to be called once after loading, and after `reload`.
    ///
    /// A failure costs nothing yet: the same merge happens at the next start.
    public func save() async throws(OperationError) {
        await turn.take()
        defer { turn.give() }
        if state != stored, unreadable == nil { try await write(state) }
    }

    /// Takes a new configuration: accounts that came, went or changed.
    ///
    /// - Throws: 5.00 when it cannot be stored; then nothing changed.
    public func reload(_ seeds: [ServerAccount.Seed], dormant: Set<String> = []) async throws(OperationError) {
        await turn.take()
        defer { turn.give() }
        let before = all
        let merged = merge(seeds, dormant)
        try await write(merged.state)
        take(merged)
        for account in all where !before.contains(account) { changed?(account.instance) }
    }

    /// Changes what holds for an account: a server's Write. It is on the medium when this returns.
    ///
    /// - Throws: 4.00 for what is not possible, 4.04 for no such account, 5.00 when it cannot be stored; then nothing
    ///   changed.
    public func change(
        _ instance: UInt16, _ edit: @LoopActor (inout ServerSettings) throws(OperationError) -> Void
    ) async throws(OperationError) {
        await turn.take()
        defer { turn.give() }
        guard let index = all.firstIndex(where: { $0.instance == instance }) else {
            throw OperationError(.notFound, "no server account \(instance)")
        }
        var account = all[index]
        try edit(&account.settings)
        try account.settings.validate()
        guard account != all[index] else { return }
        // Who writes it is registered with: a delay of the first registration comes too late.
        if account.settings.initialRegistrationDelay != all[index].settings.initialRegistrationDelay {
            account.wasRegistered = true
        }
        try await commit(instance) {
            $0.settings = account.settings
            $0.wasRegistered = account.wasRegistered
        }
        // A reload cannot have come between: it takes its turn.
        all[index] = account
        changed?(instance)
    }

    /// Execute of Registration Update Trigger (1/x/8): an Update follows as soon as the answer left.
    public func trigger(_ instance: UInt16) { triggered?(instance) }

    // MARK: Registration

    /// The server was registered with: its Initial Registration Delay Timer (1/x/14) has no effect from now on, also after a
    /// restart. If it cannot be stored, it has one after the next restart.
    func noteRegistered(_ instance: UInt16) async {
        await turn.take()
        defer { turn.give() }
        guard entry(instance)?.wasRegistered == false else { return }
        try? await commit(instance) { $0.wasRegistered = true }
        guard let index = all.firstIndex(where: { $0.instance == instance }) else { return }
        all[index].wasRegistered = true
    }

    // MARK: Disable

    /// Execute of Disable (1/x/4): once this returns, the server is left alone for its Disable Timeout (1/x/5) as soon as the
    /// answer left, also if the client is restarted meanwhile.
    ///
    /// - Throws: 4.04 for no such account, 5.00 when it cannot be stored; then nothing changed.
    public func disable(_ instance: UInt16) async throws(OperationError) {
        await turn.take()
        defer { turn.give() }
        guard let account = self[instance] else { throw OperationError(.notFound, "no server account \(instance)") }
        let timeout = account.settings.disableTimeout ?? ServerSettings.defaultDisableTimeout
        let until = clock() + Int64(timeout)
        try await commit(instance) { $0.disabledUntil = until }
        disabled?(instance, .seconds(timeout))
    }

    /// How long a server that disabled itself is still to be left alone; nil: it is not. A clock that was set back meanwhile
    /// cannot make it longer than the Disable Timeout.
    func remainingSilence(_ instance: UInt16) -> Duration? {
        guard let until = entry(instance)?.disabledUntil, let account = self[instance] else { return nil }
        let timeout = account.settings.disableTimeout ?? ServerSettings.defaultDisableTimeout
        let left = min(until - clock(), Int64(timeout))
        return left > 0 ? .seconds(left) : nil
    }

    /// A server is not disabled any more.
    func enable(_ instance: UInt16) async {
        await turn.take()
        defer { turn.give() }
        guard entry(instance)?.disabledUntil != nil else { return }
        // If it cannot be stored, a restart leaves the server alone for the rest of the time, as it asked for.
        try? await commit(instance) { $0.disabledUntil = nil }
    }

    // MARK: Attributes

    /// The attributes that this account's server attached.
    func attributes(_ instance: UInt16) -> AttributeTable { entry(instance)?.attributes ?? AttributeTable() }

    /// Attaches attributes; they are on the medium when this returns.
    ///
    /// - Throws: 4.00 when the conditions of a change would contradict each other, at this path or below it where others are attached;
    ///   5.00 when there are too many or they cannot be stored.
    func attach(_ instance: UInt16, _ path: Path, _ update: AttributeUpdate) async throws(OperationError) {
        await turn.take()
        defer { turn.give() }
        let table = attributes(instance)
        var next = table
        next[path] = update.applied(to: table[path])
        if let place = next.contradiction(under: path) {
            throw OperationError(
                .badRequest,
                "lt + 2 * st must be less than gt, and would not be at \(place) with what is attached to it and above it"
            )
        }
        guard next.byPath.count <= max(AccountState.attributeLimit, table.byPath.count) else {
            throw OperationError(.internalServerError, "more attributes than this client keeps")
        }
        guard next != table else { return }
        try await commit(instance) { $0.attributes = next }
    }

    /// The instances of an object that servers attached something to, or below.
    func attachedInstances(of object: UInt16) -> Set<UInt16> {
        var found: Set<UInt16> = []
        for entry in state.entries {
            for path in entry.attributes.byPath.keys where path.object == object {
                if let instance = path.instance { found.insert(instance) }
            }
        }
        return found
    }

    /// An object instance is gone: what was attached to it and below goes with it.
    func detach(below path: Path) async throws(OperationError) {
        guard state.entries.contains(where: { $0.attributes.byPath.keys.contains { path.contains($0) } }) else {
            return
        }
        await turn.take()
        defer { turn.give() }
        var next = state
        for index in next.entries.indices {
            next.entries[index].attributes.remove(under: path)
        }
        guard next != state else { return }
        try await write(next)
        state = next
    }

    // MARK: The state

    private func entry(_ instance: UInt16) -> AccountState.Entry? {
        state.entries.first { $0.instance == instance }
    }

    private func commit(
        _ instance: UInt16, _ edit: (inout AccountState.Entry) -> Void
    ) async throws(OperationError) {
        var next = state
        guard let index = next.entries.firstIndex(where: { $0.instance == instance }) else {
            throw OperationError(.notFound, "no server account \(instance)")
        }
        edit(&next.entries[index])
        try await write(next)
        state = next
    }

    private func write(_ next: AccountState) async throws(OperationError) {
        guard let store else { return }
        if let unreadable {
            throw OperationError(.internalServerError, "the change could not be stored: \(unreadable)")
        }
        do {
            try await Worker.shared.run { try store.save(next.bytes) }
            stored = next
        } catch {
            throw OperationError(.internalServerError, "the change could not be stored: \(error)")
        }
    }

    /// What a configuration makes of the state.
    private struct Merged {
        let state: AccountState
        let accounts: [ServerAccount]
        let notes: [Note]
    }

    private func take(_ merged: Merged) {
        state = merged.state
        all = merged.accounts
        notes += merged.notes
    }

    private func merge(_ seeds: [ServerAccount.Seed], _ dormant: Set<String>) -> Merged {
        var accounts: [ServerAccount] = []
        var notes: [Note] = []
        let known = state.entries.filter { entry in
            dormant.contains(entry.name) || seeds.contains { $0.name == entry.name }
        }
        var entries = known.filter { entry in !seeds.contains { $0.name == entry.name } }
        for seed in seeds {
            let fingerprint = seed.fingerprint
            var entry: AccountState.Entry
            if let old = known.first(where: { $0.name == seed.name }) {
                entry = old
                // Earlier releases took shorter ones, which would mean an Update every second for ever.
                entry.settings.lifetime = min(
                    max(old.settings.lifetime, ServerSettings.shortestLifetime), ServerSettings.longest)
                if old.fingerprint != fingerprint {
                    if old.settings != seed.settings { notes.append(.configurationWon(name: seed.name)) }
                    entry.settings = seed.settings
                    entry.fingerprint = fingerprint
                    entry.disabledUntil = nil
                    entry.wasRegistered = false
                }
            } else {
                let taken = Set(known.map(\.instance) + entries.map(\.instance))
                let free = (0...UInt16.max - 1).first { !taken.contains($0) } ?? 0
                entry = AccountState.Entry(
                    name: seed.name, instance: free, fingerprint: fingerprint, settings: seed.settings)
            }
            entries.append(entry)
            var account = ServerAccount(instance: entry.instance, seed: seed, settings: entry.settings)
            account.wasRegistered = entry.wasRegistered
            accounts.append(account)
        }
        entries.sort { $0.instance < $1.instance }
        accounts.sort { $0.instance < $1.instance }
        return Merged(
            state: AccountState(entries: entries, others: state.others), accounts: accounts, notes: notes)
    }
}
