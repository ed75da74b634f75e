import CSDBus
import EventLoop

/// An object to export: its interfaces and the code of their methods and properties.
@LoopActor
public final class BusObject {
    /// The code of a method. The call is answered when it returns or throws.
    public typealias Handler = @LoopActor (BusCall) async throws(BusError) -> [BusValue]
    public typealias Getter = @LoopActor () -> BusValue

    public let path: String
    public private(set) var interfaces: [BusInterface] = []
    /// Called before each method call. Also called before properties are read, with `changes` false.
    public var authorize: (@LoopActor (BusCall, _ changes: Bool) async throws(BusError) -> Void)?

    private var handlers: [String: Handler] = [:]
    private var getters: [String: Getter] = [:]
    fileprivate weak var connection: BusConnection?

    public init(path: String) { self.path = path }

    /// Adds an interface with its code. The entries must match the methods and properties of the table exactly.
    public func add(
        _ interface: BusInterface, methods: [String: Handler] = [:], properties: [String: Getter] = [:]
    ) {
        precondition(Set(interface.methods.map(\.name)) == Set(methods.keys), "methods of \(interface.name)")
        precondition(Set(interface.properties.map(\.name)) == Set(properties.keys), "properties of \(interface.name)")
        interfaces.append(interface)
        for (name, handler) in methods { handlers["\(interface.name).\(name)"] = handler }
        for (name, getter) in properties { getters["\(interface.name).\(name)"] = getter }
    }

    /// Sends a signal of one of the object's interfaces.
    public func emit(_ interface: BusInterface, _ member: String, _ arguments: [BusValue]) {
        // A signal cannot be queued only if the connection is ending, which is reported elsewhere.
        try? connection?.emit(path: path, interface: interface.name, member: member, arguments)
    }

    /// Sends the new values of properties that changed.
    public func changed(_ interface: BusInterface, _ names: [String]) {
        var values: [String: BusValue] = [:]
        for name in names { values[name] = getters["\(interface.name).\(name)"]?() }
        try? connection?.emit(
            path: path, interface: "org.freedesktop.DBus.Properties", member: "PropertiesChanged",
            [.string(interface.name), .properties(values), .strings([])])
    }

    // MARK: Dispatch

    func handle(_ call: BusCall) async {
        do throws(BusError) {
            call.answer(.success(try await dispatch(call)))
        } catch {
            call.answer(.failure(error))
        }
    }

    private func dispatch(_ call: BusCall) async throws(BusError) -> [BusValue] {
        let (interface, method) = try find(call)
        let signature = call.arguments.map(\.typeSignature).joined()
        guard signature == method.inputs.typeSignature else {
            throw BusError(
                BusError.invalidArguments,
                "\(method.name) takes '\(method.inputs.typeSignature)', not '\(signature)'")
        }
        if interface.name == "org.freedesktop.DBus.Introspectable" {
            return [.string(BusInterface.document(BusInterface.standard + interfaces))]
        }
        try await authorize?(call, method.changes)
        if interface.name == "org.freedesktop.DBus.Properties" { return [try property(call)] }
        guard let handler = handlers["\(interface.name).\(method.name)"] else {
            throw BusError(BusError.unknownMethod, "\(method.name) does not exist")
        }
        let values = try await handler(call)
        guard values.map(\.typeSignature).joined() == method.outputs.typeSignature else {
            throw BusError(BusError.failed, "the answer of \(method.name) does not have the declared type")
        }
        return values
    }

    private func find(_ call: BusCall) throws(BusError) -> (BusInterface, BusInterface.Method) {
        let all = interfaces + BusInterface.standard
        // A call may omit the interface.
        let asked = call.interface.isEmpty ? all : all.filter { $0.name == call.interface }
        guard !asked.isEmpty else {
            throw BusError(BusError.unknownInterface, "\(path) has no interface \(call.interface)")
        }
        for interface in asked {
            if let method = interface.methods.first(where: { $0.name == call.member }) { return (interface, method) }
        }
        throw BusError(BusError.unknownMethod, "\(path) has no method \(call.member)")
    }

    private func property(_ call: BusCall) throws(BusError) -> BusValue {
        let name = call.arguments[0].text ?? ""
        guard name.isEmpty || interfaces.contains(where: { $0.name == name }) else {
            throw BusError(BusError.unknownInterface, "\(path) has no interface \(name) with properties")
        }
        let interface = interfaces.filter { name.isEmpty || $0.name == name }
        if call.member == "GetAll" {
            var values: [String: BusValue] = [:]
            for interface in interface {
                for property in interface.properties {
                    values[property.name] = getters["\(interface.name).\(property.name)"]?()
                }
            }
            return .properties(values)
        }
        let wanted = call.arguments[1].text ?? ""
        for interface in interface {
            guard let getter = getters["\(interface.name).\(wanted)"] else { continue }
            if call.member == "Set" { throw BusError(BusError.propertyReadOnly, "\(wanted) can only be read") }
            return .variant(getter())
        }
        throw BusError(BusError.unknownProperty, "\(path) has no property \(wanted)")
    }
}

extension BusConnection {
    /// Exports an object (`sd_bus_add_object(3)`) until the token is cancelled.
    @discardableResult
    public func export(_ object: BusObject) throws(BusError) -> BusToken {
        object.connection = self
        return try attach { bus, pointer, slot in
            sd_bus_add_object(bus, &slot, object.path, objectFired, pointer)
        } handler: { [weak self] message in
            guard let self else { return }
            let call: BusCall
            do throws(BusError) {
                call = try BusCall(message, self)
            } catch {
                var raw = sd_bus_error()
                sd_bus_error_set(&raw, error.name, error.message)
                sd_bus_reply_method_error(message, &raw)
                sd_bus_error_free(&raw)
                return
            }
            LoopActor.spawn { await object.handle(call) }
        }
    }
}
