import EventLoop
import LwM2M
import LwM2MClient

/// Object 1, LwM2M Server: how this client registers with each of its servers.
@LoopActor
public final class ServerObject: Object {
    public let definition = ObjectDefinition.server
    public weak var changes: (any ObjectChanges)?
    private let accounts: ServerAccounts

    public func definition(in version: EnablerVersion) -> ObjectDefinition { .server(in: version) }

    public init(accounts: ServerAccounts) { self.accounts = accounts }

    public var instances: [UInt16] { accounts.all.map(\.instance) }

    public func resources(of instance: UInt16) -> [UInt16] {
        guard let settings = accounts[instance]?.settings else { return [] }
        return definition.resources.map(\.id).filter { id in
            switch id {
            case 2: settings.defaultMinimumPeriod != nil
            case 3: settings.defaultMaximumPeriod != nil
            case 23: settings.muteSend != nil
            default: true
            }
        }
    }

    public func read(_ instance: UInt16, _ resource: UInt16) throws(OperationError) -> ResourceContent {
        guard let account = accounts[instance] else { throw OperationError(.notFound, "no server account \(instance)") }
        let settings = account.settings
        let value: Value? =
            switch resource {
            case 0: .integer(Int64(account.shortServerID))
            case 1: .integer(Int64(settings.lifetime))
            case 2: settings.defaultMinimumPeriod.map { .integer(Int64($0)) }
            case 3: settings.defaultMaximumPeriod.map { .integer(Int64($0)) }
            case 6: .boolean(settings.notificationStoring)
            case 7: .string(settings.binding)
            case 23: settings.muteSend.map { .boolean($0) }
            default: nil
            }
        guard let value else { throw OperationError(.notFound, "resource \(resource) is not set") }
        return .single(value)
    }

    public func check(_ instance: UInt16, _ values: [UInt16: ResourceContent]) throws(OperationError) {
        guard var settings = accounts[instance]?.settings else { return }
        for (resource, content) in values { try Self.apply(resource, content, to: &settings) }
        try settings.validate()
    }

    public func write(
        _ instance: UInt16, _ values: [UInt16: ResourceContent], mode: WriteMode
    ) async throws(OperationError) {
        let before = accounts[instance]?.settings
        try await accounts.change(instance) { (settings) throws(OperationError) in
            if mode == .replace {
                // What is mandatory stays as it is when it is not named.
                settings.defaultMinimumPeriod = nil
                settings.defaultMaximumPeriod = nil
                settings.muteSend = nil
            }
            for (resource, content) in values { try ServerObject.apply(resource, content, to: &settings) }
        }
        let after = accounts[instance]?.settings
        for resource in [1, 2, 3, 6, 7, 23] as [UInt16] where Self.differ(resource, before, after) {
            changes?.changed(Path(1, instance, resource))
        }
    }

    private static func apply(
        _ resource: UInt16, _ content: ResourceContent, to settings: inout ServerSettings
    ) throws(OperationError) {
        switch (resource, content) {
        case (1, .single(.integer(let value))): settings.lifetime = try seconds("Lifetime", value)
        case (2, .single(.integer(let value))):
            settings.defaultMinimumPeriod = try seconds("Default Minimum Period", value)
        case (3, .single(.integer(let value))):
            settings.defaultMaximumPeriod = try seconds("Default Maximum Period", value)
        case (6, .single(.boolean(let flag))): settings.notificationStoring = flag
        case (7, .single(.string(let text))): settings.binding = text
        case (23, .single(.boolean(let flag))): settings.muteSend = flag
        default: throw OperationError(.methodNotAllowed, "resource \(resource) is not written")
        }
    }

    private static func seconds(_ name: String, _ value: Int64) throws(OperationError) -> UInt32 {
        guard let seconds = UInt32(exactly: value) else {
            throw OperationError(.badRequest, "\(name) is 0 to \(ServerSettings.longest) seconds")
        }
        return seconds
    }

    private static func differ(_ resource: UInt16, _ before: ServerSettings?, _ after: ServerSettings?) -> Bool {
        switch resource {
        case 1: before?.lifetime != after?.lifetime
        case 2: before?.defaultMinimumPeriod != after?.defaultMinimumPeriod
        case 3: before?.defaultMaximumPeriod != after?.defaultMaximumPeriod
        case 6: before?.notificationStoring != after?.notificationStoring
        case 23: before?.muteSend != after?.muteSend
        default: before?.binding != after?.binding
        }
    }

    /// Registration Update Trigger (8). Its argument may name the transport, of which there is one.
    public func execute(
        _ instance: UInt16, _ resource: UInt16, _ arguments: [ExecuteArgument]
    ) async throws(OperationError) {
        guard resource == 8 else { throw OperationError(.methodNotAllowed, "resource \(resource) is not executed") }
        guard arguments.isEmpty || arguments == [ExecuteArgument(digit: 0, value: "U")] else {
            throw OperationError(.badRequest, "the only transport is 0='U'")
        }
        accounts.trigger(instance)
    }
}
