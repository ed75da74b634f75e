import EventLoop
import LwM2M
import LwM2MClient

/// An object whose values change all the time, and whose instances come and go.
@LoopActor
final class Meter: Object {
    nonisolated static let table = ObjectDefinition(
        id: 3, name: "Meter", version: "1.0", multiple: true, mandatory: false,
        resources: [
            ResourceDefinition(0, "Name", .readWrite, .string), ResourceDefinition(1, "Count", .read, .integer),
            ResourceDefinition(2, "Level", .read, .float), ResourceDefinition(4, "Run", .execute),
            ResourceDefinition(6, "Cells", .read, .integer, multiple: true),
        ])

    let definition = Meter.table
    weak var changes: (any ObjectChanges)?
    private(set) var values: [UInt16: [UInt16: ResourceContent]] = [:]
    private(set) var count: Int64 = 0

    init() { values[0] = fresh() }

    private func fresh() -> [UInt16: ResourceContent] {
        [
            0: .single(.string("meter")), 1: .single(.integer(count)), 2: .single(.float(Double(count) / 2)),
            6: .multiple([0: .integer(count), 1: .integer(-count)]),
        ]
    }

    /// Something was measured.
    func measure() {
        count += 1
        for (instance, old) in values {
            var new = fresh()
            new[0] = old[0]
            values[instance] = new
            for resource in [1, 2, 6] as [UInt16] { changes?.changed(Path(3, instance, resource)) }
        }
    }

    /// Another instance comes, or goes.
    func toggle(_ instance: UInt16) {
        values[instance] = values[instance] == nil ? fresh() : nil
        changes?.instancesChanged(3)
    }

    var instances: [UInt16] { values.keys.sorted() }

    func resources(of instance: UInt16) -> [UInt16] { values[instance] == nil ? [] : [0, 1, 2, 4, 6] }

    func read(_ instance: UInt16, _ resource: UInt16) throws(OperationError) -> ResourceContent {
        guard let content = values[instance]?[resource] else { throw OperationError(.notFound, "not there") }
        return content
    }

    func write(
        _ instance: UInt16, _ values: [UInt16: ResourceContent], mode: WriteMode
    ) async throws(OperationError) {
        self.values[instance]?.merge(values) { $1 }
        changes?.changed(Path(3, instance, 0))
    }

    func execute(_ instance: UInt16, _ resource: UInt16, _ arguments: [ExecuteArgument]) async throws(OperationError) {
        measure()
    }
}
