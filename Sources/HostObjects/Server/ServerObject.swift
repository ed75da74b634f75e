import EventLoop
import LwM2M
import LwM2MClient

/// Object 1, LwM2M Server: how this client registers with each of its servers.
///
/// An instance has the resources of the version of LwM2M that its server is spoken to in.
@LoopActor
public final class ServerObject: Object {
    public let definition = ObjectDefinition.server(in: .newest)
    public weak var changes: (any ObjectChanges)?
    private let accounts: ServerAccounts

    public func definition(in version: EnablerVersion) -> ObjectDefinition { .server(in: version) }

    public init(accounts: ServerAccounts) { self.accounts = accounts }

    public var instances: [UInt16] { accounts.all.map(\.instance) }

    public func resources(of instance: UInt16) -> [UInt16] {
        guard let account = accounts[instance] else { return [] }
        return ObjectDefinition.server(in: account.version).resources.filter { resource in
            resource.operations == .execute || Self.value(of: resource.id, account) != nil
        }.map(\.id)
    }

    public func read(_ instance: UInt16, _ resource: UInt16) throws(OperationError) -> ResourceContent {
        guard let account = accounts[instance] else { throw OperationError(.notFound, "no server account \(instance)") }
        guard let value = Self.value(of: resource, account) else {
            throw OperationError(.notFound, "resource \(resource) is not set")
        }
        return .single(value)
    }

    private static func value(of resource: UInt16, _ account: ServerAccount) -> Value? {
        resource == 0
            ? .integer(Int64(account.shortServerID)) : account.settings.value(of: resource, in: account.version)
    }

    public func check(_ instance: UInt16, _ values: [UInt16: ResourceContent]) throws(OperationError) {
        guard let account = accounts[instance] else { return }
        var settings = account.settings
        try Self.apply(values, to: &settings, in: account.version)
        try settings.validate()
    }

    public func write(
        _ instance: UInt16, _ values: [UInt16: ResourceContent], mode: WriteMode
    ) async throws(OperationError) {
        guard let account = accounts[instance] else { throw OperationError(.notFound, "no server account \(instance)") }
        let writable = ObjectDefinition.server(in: account.version).resources.filter(\.operations.writable)
        let before = account.settings
        try await accounts.change(instance) { (settings) throws(OperationError) in
            if mode == .replace {
                // What is mandatory, and what this server may not write, stays as it is.
                for resource in writable where !resource.mandatory { settings.clear(resource.id) }
            }
            try ServerObject.apply(values, to: &settings, in: account.version)
        }
        guard let after = accounts[instance]?.settings else { return }
        for resource in writable.map(\.id)
        where before.value(of: resource, in: account.version) != after.value(of: resource, in: account.version) {
            changes?.changed(Path(1, instance, resource))
        }
    }

    private static func apply(
        _ values: [UInt16: ResourceContent], to settings: inout ServerSettings, in version: EnablerVersion
    ) throws(OperationError) {
        for (resource, content) in values {
            guard case .single(let value) = content else {
                throw OperationError(.badRequest, "resource \(resource) has one value")
            }
            try settings.set(resource, value, in: version)
        }
    }

    /// Disable (4), which has no arguments, and Registration Update Trigger (8), whose argument may name the transport, of which
    /// there is one.
    public func execute(
        _ instance: UInt16, _ resource: UInt16, _ arguments: [ExecuteArgument]
    ) async throws(OperationError) {
        if resource == 4 { return try await accounts.disable(instance) }
        guard resource == 8 else { throw OperationError(.methodNotAllowed, "resource \(resource) is not executed") }
        guard arguments.isEmpty || arguments == [ExecuteArgument(digit: 0, value: "U")] else {
            throw OperationError(.badRequest, "the only transport is 0='U'")
        }
        accounts.trigger(instance)
    }
}
