import Bus

/// A deployment, as `GetDeployment` returns it and `DeploymentChanged` carries it.
public struct DeploymentInfo: DictionaryValue {
    public enum Result: String, Sendable, CaseIterable {
        case running, done
        /// Nothing on the host was changed, or it is undone: the previous version keeps running.
        case failed
        /// The new version had been switched in; the previous one is back.
        case rolledBack = "rolled-back"
    }

    public var id: String
    public var package: String
    /// `install`, `update`, `remove`, `activate`, `deactivate`, `rollback`.
    public var operation: String
    /// The version that is to be in place.
    public var version: String
    /// The version that was in place before; empty when there was none.
    public var previous: String
    /// The step: `unpacking`, `probation`, …
    public var state: String
    public var percent: Int
    public var result: Result
    /// `token: text`: a short ASCII token for programs, a text for people.
    public var reason: String
    /// The version in place before could not be started again: nothing of the package runs.
    public var isDown: Bool
    /// Token of the staged package that it installs; empty for other operations.
    public var token: String
    /// Seconds since the epoch.
    public var startedAt: Int64
    /// 0 while it runs.
    public var endedAt: Int64
    /// From the first stop to the last start; zero when nothing was stopped.
    public var downtime: Duration
    /// When the step that is under way ends at the latest, in seconds since the epoch; 0 when that is not known.
    public var until: Int64

    public init(
        id: String, package: String, operation: String = "install", version: String = "", previous: String = "",
        state: String = "", percent: Int = 0, result: Result = .running, reason: String = "", isDown: Bool = false,
        token: String = "",
        startedAt: Int64 = 0, endedAt: Int64 = 0, downtime: Duration = .zero,
        until: Int64 = 0
    ) {
        self.id = id
        self.package = package
        self.operation = operation
        self.version = version
        self.previous = previous
        self.state = state
        self.percent = percent
        self.result = result
        self.reason = reason
        self.isDown = isDown
        self.token = token
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.downtime = downtime
        self.until = until
    }

    public init?(properties: [String: BusValue]) {
        guard let id = properties["id"]?.text, let package = properties["package"]?.text else { return nil }
        self.init(
            id: id, package: package, operation: properties.text("operation"), version: properties.text("version"),
            previous: properties.text("previous"), state: properties.text("state"),
            percent: Int(min(100, properties.number("percent"))),
            result: Result(rawValue: properties.text("result")) ?? .running, reason: properties.text("reason"),
            isDown: properties["down"] == .bool(true), token: properties.text("token"),
            startedAt: Int64(contract: properties.number("started-at")),
            endedAt: Int64(contract: properties.number("ended-at")),
            downtime: .microseconds(Int64(contract: properties.number("downtime"))),
            until: Int64(contract: properties.number("until")))
    }

    public var properties: [String: BusValue] {
        [
            "id": .text(id), "package": .text(package), "operation": .text(operation),
            "version": .text(version), "previous": .text(previous), "state": .text(state),
            "percent": .uint32(UInt32(clamping: percent)), "result": .string(result.rawValue),
            "reason": .text(reason), "down": .bool(isDown), "token": .text(token), "started-at": startedAt.contract,
            "ended-at": endedAt.contract,
            "downtime": downtime.contract, "until": until.contract,
        ]
    }

    /// Whether it has ended.
    public var hasEnded: Bool { result != .running }
}
