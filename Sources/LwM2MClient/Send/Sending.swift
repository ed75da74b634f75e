import EventLoop
import LwM2M

/// Send (LwM2M Core 6.4.6) to all servers of a client: by its rules, and when someone asks for it.
@LoopActor
final class Sending {
    /// What is sent of the client's own accord, and when. Rules that stay keep their time.
    var rules: [SendRule] = [] {
        didSet { follow() }
    }

    private let management: DeviceManagement
    private let scheduler: any Scheduler
    private let clock: StableClock
    private let random: @LoopActor () -> Double
    private let report: @LoopActor (ClientReport) -> Void
    /// By the name of the account: they outlive its connections.
    private var senders: [String: (sender: Sender, of: ServerAccount.Seed)] = [:]
    private var schedules: [SendSchedule] = []
    private var isRunning = false

    private var accounts: ServerAccounts { management.accounts }

    init(
        _ management: DeviceManagement, scheduler: any Scheduler, clock: StableClock,
        random: @escaping @LoopActor () -> Double, report: @escaping @LoopActor (ClientReport) -> Void
    ) {
        self.management = management
        self.scheduler = scheduler
        self.clock = clock
        self.random = random
        self.report = report
    }

    /// What waits for an account's server.
    func sender(_ account: ServerAccount) -> Sender {
        if let (sender, seed) = senders[account.name] {
            // Another server under the same name: what waits is not for it.
            if seed.endpoint.host != account.endpoint.host || seed.shortServerID != account.shortServerID {
                sender.clear()
            }
            senders[account.name] = (sender, account.seed)
            return sender
        }
        let sender = Sender(scheduler: scheduler, clock: clock)
        let (name, report) = (account.name, report)
        sender.report = { what in
            switch what {
            case .dropped: report(.sendDropped(server: name))
            case .refused(let reason): report(.sendRefused(server: name, reason: reason))
            }
        }
        senders[account.name] = (sender, account.seed)
        return sender
    }

    /// How many values wait for an account's server.
    func values(_ account: ServerAccount) -> Int { senders[account.name]?.sender.values ?? 0 }

    // MARK: Life

    func start() {
        isRunning = true
        follow()
    }

    func stop() {
        isRunning = false
        follow()
    }

    private func follow() {
        let wanted = isRunning ? rules : []
        for schedule in schedules where !wanted.contains(schedule.rule) { schedule.stop() }
        schedules = wanted.map { rule in
            schedules.first { $0.rule == rule }
                ?? SendSchedule(rule, management: management, scheduler: scheduler, jitter: random()) {
                    [weak self] in self?.take($0)
                }
        }
    }

    /// Accounts came or went.
    func accountsChanged() { senders = senders.filter { name, _ in accounts.all.contains { $0.name == name } } }

    /// A server may read less than before: what waits and it may not read any more is dropped.
    ///
    /// - Returns: whether some of that is on its way.
    func rightsLost(_ account: ServerAccount) -> Bool {
        senders[account.name]?.sender.filter { [management] entry in
            if case .nothing = management.readableContent(of: entry.path, for: .server(account: account.instance)) {
                return false
            }
            return true
        } ?? false
    }

    /// What holds for an account changed.
    func settingsChanged(_ account: ServerAccount) {
        if account.settings.isSendMuted { senders[account.name]?.sender.mute() }
    }

    // MARK: Changes

    func changed(_ path: Path) {
        for schedule in schedules { schedule.changed(path) }
    }

    func instancesChanged(_ object: UInt16) {
        for schedule in schedules { schedule.instancesChanged(object) }
    }

    // MARK: Values

    /// Takes what a rule names for all its servers.
    private func take(_ rule: SendRule) {
        for account in accounts.all where rule.includes(account) && !account.settings.isSendMuted {
            sender(account).add(entries(rule.paths, for: account))
        }
    }

    /// What an account's server may read of the paths.
    private func entries(_ paths: [Path], for account: ServerAccount) -> [CompositeContent.Entry] {
        let parts = paths.map { path in
            (path: path, content: management.readableContent(of: path, for: .server(account: account.instance)))
        }
        // An object's instances have identifiers, and so their values have paths.
        return ((try? management.composite(parts)) ?? CompositeContent()).entries
    }

    /// Sends what paths hold now.
    ///
    /// - Returns: by account; empty if there is none of this name.
    func send(_ paths: [Path], to name: String?, within limit: Duration) async -> [SendResult] {
        let collected = Collected()
        let chosen = accounts.all.filter { name == nil || $0.name == name }
        let tasks = chosen.map { account in
            LoopActor.spawn { [self] in
                collected.outcomes[account.instance] =
                    account.settings.isSendMuted
                    ? .muted : await sender(account).send(entries(paths, for: account), within: limit)
            }
        }
        for task in tasks { await task.value }
        return chosen.map { SendResult(server: $0.name, outcome: collected.outcomes[$0.instance] ?? .stored) }
    }

    @LoopActor private final class Collected { var outcomes: [UInt16: SendOutcome] = [:] }
}
