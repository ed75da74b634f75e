import Bus
import EventLoop

/// A service's object, as a client calls it.
@LoopActor
struct RemoteObject {
    let connection: BusConnection
    let name: String
    let path: String
    let interface: String

    /// - Parameter deadline: what the service may take at most.
    func call(
        _ member: String, _ arguments: [BusValue] = [], deadline: Duration = .seconds(25)
    ) async throws(ContractError) -> [BusValue] {
        do throws(BusError) {
            return try await connection.call(
                name, path: path, interface: interface, member: member, arguments, deadline: deadline)
        } catch {
            throw ContractError(error)
        }
    }

    func text(_ member: String, _ arguments: [BusValue]) async throws(ContractError) -> String {
        guard let text = try await call(member, arguments).first?.text else { throw unexpected(member) }
        return text
    }

    func value<Value: DictionaryValue>(
        _ type: Value.Type, _ member: String, _ arguments: [BusValue] = []
    ) async throws(ContractError) -> Value {
        guard let properties = try await call(member, arguments).first?.properties,
            let value = Value(properties: properties)
        else { throw unexpected(member) }
        return value
    }

    func values<Value: DictionaryValue>(
        _ type: Value.Type, _ member: String, _ arguments: [BusValue] = []
    ) async throws(ContractError) -> [Value] {
        guard let list = try await call(member, arguments).first?.list else { throw unexpected(member) }
        return list.compactMap(Value.init(properties:))
    }

    func property(_ property: String) async throws(ContractError) -> BusValue {
        do throws(BusError) {
            return try await connection.property(property, of: interface, at: path, name)
        } catch {
            throw ContractError(error)
        }
    }

    /// A signal whose last argument is a dictionary; another signal of that name is not taken.
    func onSignal<Value: DictionaryValue>(
        _ member: String, _ handler: @escaping @LoopActor (Value) -> Void
    ) throws(ContractError) -> BusToken {
        try onSignal(member) { (arguments: [BusValue]) in
            if let value = arguments.last?.properties.flatMap(Value.init(properties:)) { handler(value) }
        }
    }

    func onSignal(
        _ member: String, _ handler: @escaping @LoopActor ([BusValue]) -> Void
    ) throws(ContractError) -> BusToken {
        do throws(BusError) {
            return try connection.onSignal(from: name, path: path, interface: interface, member: member) {
                handler($0.arguments)
            }
        } catch {
            throw ContractError(error)
        }
    }

    /// A property that changed (`org.freedesktop.DBus.Properties.PropertiesChanged`).
    func onProperty(
        _ property: String, _ handler: @escaping @LoopActor (BusValue) -> Void
    ) throws(ContractError) -> BusToken {
        do throws(BusError) {
            return try connection.onSignal(
                from: name, path: path, interface: "org.freedesktop.DBus.Properties", member: "PropertiesChanged"
            ) { [interface] signal in
                guard signal.arguments.count > 1, signal.arguments[0].text == interface,
                    let value = signal.arguments[1].properties?[property]
                else { return }
                handler(value)
            }
        } catch {
            throw ContractError(error)
        }
    }

    private func unexpected(_ member: String) -> ContractError {
        ContractError(.failed, "\(interface).\(member) answered something else than its contract says")
    }
}
