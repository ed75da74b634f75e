import CoAP
import EventLoop
import JSON
import LwM2M
import LwM2MClient

/// A small LwM2M server: the registration interface, and requests to registered clients.
@LoopActor
public final class DevServer: SessionHandler {
    /// Called with events as JSON objects.
    public var report: (JSON) -> Void = { _ in }
    public private(set) var registrations: [Registration] = []
    /// The objects whose payloads are decoded. Payloads of others are printed as bytes.
    public var definitions: [ObjectDefinition] = [.server, .accessControl, .device, .softwareManagement]

    let scheduler: any Scheduler
    /// The tasks that wait for a notification.
    var checks: [Int: @LoopActor () -> Void] = [:]
    var checkCounter = 0
    private var server: CoAPServer?
    private var waiting: [(endpoint: String, resume: @LoopActor (Registration) -> Void)] = []
    private var counter = 0

    /// - Parameters:
    ///   - keys: the pre-shared keys by identity.
    ///   - scheduler: of registrations; messages have the loop's time.
    ///   - parameters: how messages are sent and waited for.
    public init(
        keys: [[UInt8]: [UInt8]] = [:], scheduler: any Scheduler = LoopScheduler.shared,
        parameters: CoAPParameters = CoAPParameters()
    ) {
        self.scheduler = scheduler
        server = CoAPServer(handler: self, parameters: parameters) { keys[$0] }
    }

    /// Listens; returns nil if the port is not available.
    public func listen(_ address: String, port: UInt16, secure: Bool) -> UInt16? {
        guard let bound = server?.listen(address, port: port, secure: secure) else { return nil }
        event(
            "listening",
            [
                .init("scheme", .string(secure ? "coaps" : "coap")), .init("address", .string(address)),
                .init("port", .number(.init(bound))),
            ])
        return bound
    }

    /// Ends all sessions.
    public func close() {
        for registration in registrations { registration.expiry?.cancel() }
        registrations = []
        server?.close()
        server = nil
    }

    /// Waits for an endpoint to register, and returns the registration.
    public func registration(of endpoint: String, within limit: Duration) async -> Registration? {
        if let known = registrations.last(where: { $0.endpoint == endpoint }) { return known }
        return await withCheckedContinuation { continuation in
            var open = true
            waiting.append(
                (
                    endpoint,
                    { registration in
                        guard open else { return }
                        open = false
                        continuation.resume(returning: registration)
                    }
                ))
            scheduler.schedule(after: limit) {
                guard open else { return }
                open = false
                continuation.resume(returning: nil)
            }
        }
    }

    /// Forgets a registration, like a server that lost its state.
    public func forget(_ registration: Registration) {
        registration.expiry?.cancel()
        registrations.removeAll { $0 === registration }
    }

    /// The definition of an object; the one that was added last.
    func definition(of object: UInt16) -> ObjectDefinition? { definitions.last { $0.id == object } }

    // MARK: Requests of clients

    public func handle(
        _ request: Request, on session: any Session, respond: @escaping @LoopActor (Response) -> Void
    ) {
        guard let session = session as? CoAPSession else { return respond(Response(.internalServerError)) }
        guard request.unknownCriticalOptions.isEmpty else { return respond(Response(.badOption)) }
        if request.path == ["dp"] { return respond(sent(request, session)) }
        guard request.path.first == "rd" else {
            return respond(.failure(.notFound, "this server has only /rd and /dp"))
        }
        switch (request.method, request.path.count) {
        case (.post, 1): respond(register(request, session))
        case (.post, 2), (.put, 2): respond(update(request, session))
        case (.delete, 2): respond(deregister(request))
        default: respond(.failure(.methodNotAllowed, "POST /rd, POST /rd/ID, DELETE /rd/ID"))
        }
    }

    public func upload(_ request: Request, size: Int?, on session: any Session) -> UploadDecision {
        .collect(limit: 1 << 16)
    }

    public func sessionEnded(_ session: any Session, _ reason: TransportError) {
        for registration in registrations where registration.session === session {
            registration.observers = [:]
            registration.compositeObserver = nil
            event("ended", [.init("endpoint", .string(registration.endpoint)), .init("reason", .string("\(reason)"))])
        }
    }

    private func register(_ request: Request, _ session: CoAPSession) -> Response {
        let query = DevServer.parameters(request.query)
        guard let endpoint = query["ep"], !endpoint.isEmpty else { return .failure(.badRequest, "ep is missing") }
        guard let version = query["lwm2m"] else { return .failure(.badRequest, "lwm2m is missing") }
        guard let links = try? LinkFormat.decode(request.payload) else {
            return .failure(.badRequest, "the payload is not a list of links")
        }
        for old in registrations where old.endpoint == endpoint { forget(old) }
        counter += 1
        let registration = Registration(id: "\(counter)", endpoint: endpoint, session: session)
        registration.version = version
        registration.links = links
        guard apply(query, to: registration) else { return .failure(.badRequest, "lt is not a number of seconds") }
        registrations.append(registration)
        event("registered", registration.json)
        waiting.removeAll { item in
            guard item.endpoint == endpoint else { return false }
            item.resume(registration)
            return true
        }
        return Response(.created, locationPath: ["rd", registration.id])
    }

    private func update(_ request: Request, _ session: CoAPSession) -> Response {
        guard let registration = registrations.first(where: { $0.id == request.path[1] }) else {
            return .failure(.notFound, "no such registration")
        }
        if !request.payload.isEmpty {
            guard let links = try? LinkFormat.decode(request.payload) else {
                return .failure(.badRequest, "the payload is not a list of links")
            }
            registration.links = links
        }
        registration.session = session
        guard apply(DevServer.parameters(request.query), to: registration) else {
            return .failure(.badRequest, "lt is not a number of seconds")
        }
        event("updated", registration.json)
        return Response(.changed)
    }

    private func deregister(_ request: Request) -> Response {
        guard let registration = registrations.first(where: { $0.id == request.path[1] }) else {
            return .failure(.notFound, "no such registration")
        }
        forget(registration)
        event("deregistered", [.init("endpoint", .string(registration.endpoint))])
        return Response(.deleted)
    }

    private func apply(_ query: [String: String], to registration: Registration) -> Bool {
        if let text = query["lt"] {
            guard let seconds = UInt32(text), seconds > 0 else { return false }
            registration.lifetime = .seconds(seconds)
        }
        if let binding = query["b"] { registration.binding = binding }
        registration.expiry?.cancel()
        registration.expiry = scheduler.schedule(after: registration.lifetime) { [weak self, weak registration] in
            guard let self, let registration else { return }
            self.forget(registration)
            self.event("expired", [.init("endpoint", .string(registration.endpoint))])
        }
        return true
    }

    private static func parameters(_ query: [String]) -> [String: String] {
        var parameters: [String: String] = [:]
        for item in query {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            parameters[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        return parameters
    }

    func event(_ name: String, _ members: [JSON.Member]) {
        report(.object([.init("event", .string(name))] + members))
    }
}
