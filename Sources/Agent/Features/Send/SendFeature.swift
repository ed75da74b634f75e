import Configuration
import EventLoop
import LwM2M
import LwM2MClient

/// The rules by which values are sent to servers: the sections `[Send NAME]`.
@LoopActor
final class SendFeature: Feature {
    let objects: [any Object] = []

    private let environment: AgentEnvironment

    init(_ environment: AgentEnvironment) { self.environment = environment }

    func start() async { follow(environment.configuration) }

    func reload(_ configuration: AgentConfiguration) async { follow(configuration) }

    private func follow(_ configuration: AgentConfiguration) {
        environment.client.sendRules = configuration.sends.map { SendRule($0) }
    }
}

extension SendRule {
    init(_ configuration: SendConfiguration) {
        self.init(
            name: configuration.name, servers: Set(configuration.servers),
            paths: configuration.paths.compactMap { Path($0) },
            period: configuration.period == .zero ? nil : configuration.period,
            condition: configuration.followsChanges
                ? Attributes(
                    minimumPeriod: UInt32(clamping: configuration.minimumPeriod.components.seconds),
                    greaterThan: configuration.greaterThan, lessThan: configuration.lessThan, step: configuration.step)
                : nil)
    }
}
