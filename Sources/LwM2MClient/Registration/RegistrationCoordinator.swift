/// The order in which a client registers with its servers (object 1, resources 13 to 15), pure: it decides when each
/// account makes its first attempt. From then on the account's own machine goes on.
///
/// Accounts without a priority begin at once, beside each other and all others. Those with one begin one after the other,
/// the lowest number first, and of equal numbers the lowest instance. The next one begins when the one before is settled,
/// or has failed and does not block; one that blocks and failed holds the others until it is settled after all. A turn that
/// has come, also one that waits for its delay, is not taken back.
struct RegistrationCoordinator: Hashable {
    struct Member: Hashable, Sendable {
        /// The instance of the account.
        let account: UInt16
        /// Registration Priority Order (13); nil: it is not in the order.
        var priority: UInt32?
        /// Initial Registration Delay Timer (14), counted from when it is its turn.
        var delay = Duration.zero
        /// Registration Failure Block (15).
        var blocks = false
    }

    enum Phase: Hashable, Sendable {
        /// It is not its turn.
        case held
        /// It is its turn after a delay.
        case delayed(until: Duration)
        /// It has begun.
        case begun
        case settled
        case failed
    }

    enum Event: Hashable, Sendable {
        /// Accounts went and came. One that changed does both at once, so that no other one begins in between.
        case change(leaving: [UInt16] = [], joining: [Member] = [])
        /// It is registered with, or left alone on purpose, as its server asked for.
        case settled(UInt16)
        /// Its registration was refused or its attempts are exhausted. It may be settled later.
        case failed(UInt16)
        /// The time of `nextWake` may have come.
        case wake
    }

    private struct Entry: Hashable {
        let member: Member
        var phase: Phase
    }

    /// Those in the order first, in that order.
    private var entries: [Entry] = []

    func phase(of account: UInt16) -> Phase? { entries.first { $0.member.account == account }?.phase }

    /// When a delay ends; nil: none runs.
    var nextWake: Duration? {
        entries.compactMap { entry in if case .delayed(let until) = entry.phase { until } else { nil } }.min()
    }

    /// Takes an event.
    ///
    /// - Returns: the accounts that begin now, in their order; nil for an event that cannot happen (an account that is
    ///   there already, is not there, or has not begun), which changes nothing.
    mutating func handle(_ event: Event, at now: Duration) -> [UInt16]? {
        switch event {
        case .change(let leaving, let joining):
            guard leaving.allSatisfy({ index(of: $0) != nil }) else { return nil }
            let changed =
                entries.filter { !leaving.contains($0.member.account) }
                + joining.map { Entry(member: $0, phase: .held) }
            guard Set(changed.map(\.member.account)).count == changed.count else { return nil }
            entries = changed.sorted { Self.place($0.member) < Self.place($1.member) }
        case .settled(let account):
            guard let index = index(of: account), hasBegun(index) else { return nil }
            entries[index].phase = .settled
        case .failed(let account):
            guard let index = index(of: account), hasBegun(index) else { return nil }
            entries[index].phase = .failed
        case .wake: break
        }
        return begin(now)
    }

    private static func place(_ member: Member) -> (UInt64, UInt16) {
        (member.priority.map { UInt64($0) } ?? .max, member.account)
    }

    private func index(of account: UInt16) -> Int? { entries.firstIndex { $0.member.account == account } }

    private func hasBegun(_ index: Int) -> Bool {
        switch entries[index].phase {
        case .held, .delayed: false
        case .begun, .settled, .failed: true
        }
    }

    /// Lets all begin whose turn it is.
    private mutating func begin(_ now: Duration) -> [UInt16] {
        var begun: [UInt16] = []
        var isHeld = false
        for index in entries.indices {
            let member = entries[index].member
            let mayBegin = member.priority == nil || !isHeld
            if entries[index].phase == .held, mayBegin { entries[index].phase = .delayed(until: now + member.delay) }
            if case .delayed(let until) = entries[index].phase, now >= until {
                entries[index].phase = .begun
                begun.append(member.account)
            }
            if member.priority != nil, holds(entries[index]) { isHeld = true }
        }
        return begun
    }

    /// Whether those after it in the order wait for it.
    private func holds(_ entry: Entry) -> Bool {
        switch entry.phase {
        case .held, .delayed, .begun: true
        case .settled: false
        case .failed: entry.member.blocks
        }
    }
}

extension RegistrationCoordinator.Member {
    /// What an account's settings say.
    init(_ account: ServerAccount) {
        let settings = account.settings
        self.init(
            account: account.instance, priority: settings.registrationPriority,
            delay: account.wasRegistered ? .zero : .seconds(settings.initialRegistrationDelay ?? 0),
            blocks: settings.registrationFailureBlock ?? false)
    }
}
