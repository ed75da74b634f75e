import EventLoop
import LwM2M
import LwM2MClient

/// An object in memory, with a resource of every kind.
@LoopActor
final class TestObject: Object {
    nonisolated static let table = ObjectDefinition(
        id: 30000, name: "Test", version: "1.1", multiple: true, mandatory: false,
        resources: [
            ResourceDefinition(0, "Text", .readWrite, .string),
            ResourceDefinition(1, "Number", .readWrite, .integer),
            ResourceDefinition(2, "Fixed", .read, .float),
            ResourceDefinition(3, "Package", .write, .opaque),
            ResourceDefinition(4, "Run", .execute),
            ResourceDefinition(5, "Several", .readWrite, .integer, multiple: true),
            ResourceDefinition(6, "Lacking", .readWrite, .string),
            ResourceDefinition(7, "Bytes", .readWrite, .opaque),
            ResourceDefinition(8, "Sampled", .read, .integer),
            ResourceDefinition(9, "Flag", .readWrite, .boolean),
        ])

    let definition: ObjectDefinition
    /// What a server of LwM2M 1.0 knows of it; nil: all.
    var older: ObjectDefinition?
    var contents: [UInt16: [UInt16: ResourceContent]] = [
        0: [
            0: .single(.string("a")), 1: .single(.integer(1)), 2: .single(.float(2.5)),
            5: .multiple([0: .integer(10), 1: .integer(11)]), 7: .single(.opaque([1, 2])), 8: .single(.integer(0)),
        ]
    ]
    var executed: [[ExecuteArgument]] = []
    var writes: [WriteMode] = []
    var created: [UInt16: ResourceContent] = [:]
    var sink: CollectingSink?
    var sampling: Duration?
    /// What changes with time alone.
    var passing: UInt16?
    var reads = 0
    /// Whether instance 0 refuses to be deleted.
    var keepsFirst = true
    var isWorking = false
    var isComplete = true
    /// Happens while it writes.
    var duringWrite: @LoopActor () async -> Void = {}
    /// Happens when an instance is about to be made.
    var beforeCreate: (UInt16) -> Void = { _ in }
    weak var changes: (any ObjectChanges)?

    init(_ definition: ObjectDefinition = TestObject.table) { self.definition = definition }

    /// How often all instances were listed.
    private(set) var listings = 0

    var instances: [UInt16] {
        listings += 1
        return contents.keys.sorted()
    }

    func hasInstance(_ instance: UInt16) -> Bool { contents[instance] != nil }

    func resources(of instance: UInt16) -> [UInt16] {
        (contents[instance].map { Array($0.keys) } ?? []).sorted() + [3, 4]
    }

    func definition(in version: EnablerVersion) -> ObjectDefinition {
        version == .v10 ? older ?? definition : definition
    }

    /// Servers of 1.0 know numbers below 100.
    func content(
        _ content: ResourceContent, of resource: UInt16, in version: EnablerVersion
    ) -> ResourceContent {
        guard version == .v10, case .single(.integer(let number)) = content, number >= 100 else { return content }
        return .single(.integer(0))
    }

    func read(_ instance: UInt16, _ resource: UInt16) throws(OperationError) -> ResourceContent {
        reads += 1
        guard let content = contents[instance]?[resource] else { throw OperationError(.notFound, "not there") }
        return content
    }

    func check(_ instance: UInt16, _ values: [UInt16: ResourceContent]) throws(OperationError) {
        if values[0] == .single(.string("invalid")) { throw OperationError(.badRequest, "invalid") }
    }

    func write(
        _ instance: UInt16, _ values: [UInt16: ResourceContent], mode: WriteMode
    ) async throws(OperationError) {
        if values[0] == .single(.string("refuse")) { throw OperationError(.badRequest, "refused") }
        await duringWrite()
        writes.append(mode)
        if mode == .replace {
            for resource in definition.resources where resource.operations == .readWrite {
                contents[instance]?[resource.id] = nil
            }
        }
        contents[instance, default: [:]].merge(values) { $1 }
    }

    func execute(
        _ instance: UInt16, _ resource: UInt16, _ arguments: [ExecuteArgument]
    ) async throws(OperationError) {
        executed.append(arguments)
    }

    func create(
        _ instance: UInt16?, _ values: [UInt16: ResourceContent]
    ) async throws(OperationError) -> UInt16 {
        let id = instance ?? (0...100).first { contents[$0] == nil } ?? 0
        beforeCreate(id)
        guard contents[id] == nil else { throw OperationError(.badRequest, "it is there already") }
        contents[id] = values
        created = values
        return id
    }

    func delete(_ instance: UInt16) async throws(OperationError) {
        if instance == 0 && keepsFirst { throw OperationError(.methodNotAllowed, "the first one stays") }
        contents[instance] = nil
    }

    func sink(
        _ instance: UInt16, _ resource: UInt16, size: Int?
    ) throws(OperationError) -> (any UploadSink)? { resource == 3 ? sink : nil }

    func samplingInterval(_ instance: UInt16, _ resource: UInt16) -> Duration? { resource == 8 ? sampling : nil }

    func passes(_ resource: UInt16) -> Bool { resource == passing }

    func set(_ resource: UInt16, _ value: Value, silently: Bool = false) {
        contents[0]?[resource] = .single(value)
        if !silently { changes?.changed(Path(definition.id, 0, resource)) }
    }
}

@LoopActor
final class CollectingSink: UploadSink {
    var bytes: [UInt8] = []
    var finished = false
    var aborted: TransportError?

    func append(_ bytes: [UInt8]) -> Response? {
        self.bytes += bytes
        return nil
    }

    func finish(respond: @escaping @LoopActor (Response) -> Void) {
        finished = true
        respond(Response(.changed))
    }

    func abort(_ reason: TransportError) { aborted = reason }
}
