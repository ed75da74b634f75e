import EventLoop
import LwM2M

/// An operation on the data model that is refused: the response code of LwM2M Core 6.3 and a text for people.
public struct OperationError: Error, Hashable, Sendable {
    public let code: Code
    /// Goes into the response's diagnostic payload: never a secret.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// How a Write treats what it does not name (LwM2M Core 6.3.3).
///
/// What is named is replaced whole in both: a multiple resource holds all its instances, for the client has merged those
/// that a partial update left alone.
public enum WriteMode: Hashable, Sendable {
    /// PUT on an instance: resources that are not named go back to what they are without a server's word.
    case replace
    /// POST on an instance, PUT or POST on a resource: resources that are not named stay.
    case update
}

/// An object of this client: its table, its instances, and what they do.
///
/// The client has checked every call against the table first: the instance is there (or not, for Create), the resource
/// is declared, the operation allowed, the value of the declared type. Reads are synchronous; what changes the host may
/// take its time, and the response is then a separate one.
@LoopActor
public protocol Object: AnyObject {
    /// All that the object has, in the newest version that it knows.
    var definition: ObjectDefinition { get }

    /// The object as a server of an LwM2M version knows it: what that version does not have is not there for the server.
    func definition(in version: EnablerVersion) -> ObjectDefinition

    /// The instances that are there, sorted.
    var instances: [UInt16] { get }

    /// Whether `instances` holds this one: where listing them all takes longer, an object answers for the one alone.
    func hasInstance(_ instance: UInt16) -> Bool

    /// Whether `instances` are all: false until an object has loaded those that it had before the start. Then it tells `changes` of
    /// its instances, also if there is none more.
    var isComplete: Bool { get }

    /// The resources that this instance has, sorted; executables and write-only ones included. What the host lacks is
    /// absent.
    func resources(of instance: UInt16) -> [UInt16]

    /// Whether `resources(of:)` holds this one: where listing them all looks at the host, an object answers for the one
    /// alone.
    func has(_ resource: UInt16, in instance: UInt16) -> Bool

    /// The present content of a readable resource; throws 4.04 for one that this instance does not have.
    func read(_ instance: UInt16, _ resource: UInt16) throws(OperationError) -> ResourceContent

    /// What a server of an LwM2M version is told of a resource's content: enumerations grow with the versions.
    func content(_ content: ResourceContent, of resource: UInt16, in version: EnablerVersion) -> ResourceContent

    /// Refuses what `write` would refuse because of the values or the present state, and changes nothing. A Write-Composite
    /// asks all objects before it writes to one.
    func check(_ instance: UInt16, _ values: [UInt16: ResourceContent]) throws(OperationError)

    /// Writes resources of one instance: all of them or, with an error, none.
    func write(_ instance: UInt16, _ values: [UInt16: ResourceContent], mode: WriteMode) async throws(OperationError)

    /// Runs an executable resource; returns when it is done or when its time for an answer is up.
    func execute(_ instance: UInt16, _ resource: UInt16, _ arguments: [ExecuteArgument]) async throws(OperationError)

    /// Makes an instance: with the server's identifier, or the lowest free one for nil. Returns the identifier.
    func create(_ instance: UInt16?, _ values: [UInt16: ResourceContent]) async throws(OperationError) -> UInt16

    /// Deletes an instance.
    func delete(_ instance: UInt16) async throws(OperationError)

    /// Where a body for this resource is streamed to; nil when it is small and collected in memory.
    func sink(_ instance: UInt16, _ resource: UInt16, size: Int?) throws(OperationError) -> (any UploadSink)?

    /// How often a resource that changes without a word (free storage, battery level) is to be looked at while it is
    /// observed; nil for one whose changes are announced to `changes`.
    func samplingInterval(_ instance: UInt16, _ resource: UInt16) -> Duration?

    /// Whether a resource changes by the passing of time alone (a clock): whoever observes its instance or object is not
    /// told that, unless `changes` is: the clock was set. With a threshold or a step on the resource itself it is looked at.
    func passes(_ resource: UInt16) -> Bool

    /// Whether something that a server began goes on (a download, an installation): in queue mode the client stays awake for it.
    var isWorking: Bool { get }

    /// Is told what changed; set by the client.
    var changes: (any ObjectChanges)? { get set }
}

extension Object {
    public func definition(in version: EnablerVersion) -> ObjectDefinition { definition }

    public func content(
        _ content: ResourceContent, of resource: UInt16, in version: EnablerVersion
    ) -> ResourceContent { content }

    public func hasInstance(_ instance: UInt16) -> Bool { instances.contains(instance) }

    public func has(_ resource: UInt16, in instance: UInt16) -> Bool { resources(of: instance).contains(resource) }

    public func check(_ instance: UInt16, _ values: [UInt16: ResourceContent]) throws(OperationError) {}

    public func create(_ instance: UInt16?, _ values: [UInt16: ResourceContent]) async throws(OperationError) -> UInt16
    {
        throw OperationError(.methodNotAllowed, "instances of object \(definition.id) are not created by servers")
    }

    public func delete(_ instance: UInt16) async throws(OperationError) {
        throw OperationError(.methodNotAllowed, "instances of object \(definition.id) are not deleted by servers")
    }

    public func sink(_ instance: UInt16, _ resource: UInt16, size: Int?) throws(OperationError) -> (any UploadSink)? {
        nil
    }

    public func samplingInterval(_ instance: UInt16, _ resource: UInt16) -> Duration? { nil }

    public func passes(_ resource: UInt16) -> Bool { false }

    public var isWorking: Bool { false }

    public var isComplete: Bool { true }
}

/// Is told by objects what changed, in the order in which it is to be notified.
@LoopActor
public protocol ObjectChanges: AnyObject {
    /// The content of a resource changed.
    func changed(_ path: Path)

    /// Instances came or went, or are complete now: the registration is to be updated.
    func instancesChanged(_ object: UInt16)
}
