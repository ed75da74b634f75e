import State

/// The deployments that ended, as the store keeps them.
///
/// Each has a line `deployment` with fields that all releases have in common, and further lines that begin with its
/// identifier: an older release keeps the lines that it does not know for as long as it keeps the deployment.
struct DeploymentHistory: Hashable, Sendable {
    static let kind = "history"
    private static let keys: Set = ["deployment", "token", "down"]
    private static let fieldCount = 12
    /// How many deployments that this release does not understand are kept.
    private static let unknownLimit = 50

    /// The newest last.
    var deployments: [DeploymentRecord] = []
    /// Lines of a newer release.
    private var others = Record()
    /// The deployments that were read. Lines of `others` about one of them are dropped together with it.
    private var loaded: Set<String> = []

    init() {}

    init(_ record: Record) {
        let tokens = Dictionary(
            record.all("token").filter { $0.count == 2 }.map { ($0[0], $0[1]) }, uniquingKeysWith: { $1 })
        let down = Set(record.strings("down"))
        others = record.others(of: Self.keys)
        // For example an operation that only a newer release has.
        var unknown: [[String]] = []
        for fields in record.all("deployment") {
            if var deployment = Self.deployment(fields) {
                deployment.token = tokens[deployment.id] ?? ""
                deployment.isDown = down.contains(deployment.id)
                deployments.append(deployment)
            } else {
                unknown.append(fields)
            }
        }
        for fields in unknown.suffix(Self.unknownLimit) { others.add("deployment", fields: fields) }
        loaded = Set(deployments.map(\.id))
    }

    var record: Record {
        var record = Record(kind: Self.kind)
        for deployment in deployments {
            record.add("deployment", fields: Self.fields(deployment))
            if !deployment.token.isEmpty { record.add("token", deployment.id, deployment.token) }
            if deployment.isDown { record.add("down", deployment.id) }
        }
        let gone = loaded.subtracting(deployments.map(\.id))
        record.add(others.filtered { _, fields in !gone.contains(fields.first ?? "") })
        return record
    }

    private static func fields(_ deployment: DeploymentRecord) -> [String] {
        [
            deployment.id, deployment.package, deployment.operation.rawValue, deployment.version,
            deployment.oldVersion, deployment.phase.rawValue, deployment.result.rawValue,
            deployment.reason?.token ?? "", deployment.reason?.text ?? "", "\(deployment.startedAt)",
            "\(deployment.endedAt)", deployment.downtime.map { "\($0.milliseconds)" } ?? "",
        ]
    }

    private static func deployment(_ fields: [String]) -> DeploymentRecord? {
        guard fields.count == fieldCount, let operation = DeploymentOperation(rawValue: fields[2]),
            let phase = Phase(rawValue: fields[5]), let result = DeploymentResult(rawValue: fields[6])
        else { return nil }
        var deployment = DeploymentRecord(
            id: fields[0], package: fields[1], operation: operation, version: fields[3], phase: phase)
        deployment.oldVersion = fields[4]
        deployment.result = result
        deployment.reason = fields[7].isEmpty ? nil : Reason(fields[7], fields[8])
        deployment.startedAt = Int64(fields[9]) ?? 0
        deployment.endedAt = Int64(fields[10]) ?? 0
        deployment.downtime = Int64(fields[11]).map { .milliseconds($0) }
        return deployment
    }
}
