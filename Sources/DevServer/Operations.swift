import CoAP
import EventLoop
import JSON
import Linux
import LwM2M
import LwM2MClient

/// Why a command failed.
struct CommandError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The server's side of the device management and information reporting interfaces (LwM2M Core 6.3, 6.4).
extension DevServer {
    func read(_ path: Path, _ format: UInt16?, _ client: Registration) async throws -> Response {
        try await client.session.send(Request(.get, path: path.segments, accept: format))
    }

    func discover(_ path: Path, _ client: Registration) async throws -> Response {
        try await client.session.send(
            Request(.get, path: path.segments, accept: ContentFormat.link.rawValue))
    }

    func write(_ path: Path, _ format: UInt16, _ payload: [UInt8], _ client: Registration) async throws -> Response {
        // PUT replaces. POST on an instance is a partial update.
        try await client.session.send(
            Request(path.resource == nil ? .post : .put, path: path.segments, contentFormat: format, payload: payload))
    }

    func execute(_ path: Path, _ arguments: String, _ client: Registration) async throws -> Response {
        try await client.session.send(
            Request(
                .post, path: path.segments, contentFormat: arguments.isEmpty ? nil : 0, payload: Array(arguments.utf8)))
    }

    /// - Parameter values: the resources as text, by identifier.
    func create(
        _ object: UInt16, _ instance: UInt16?, _ values: [(UInt16, String)], _ client: Registration
    ) async throws -> Response {
        guard let definition = definition(of: object) else {
            throw CommandError("object \(object) is unknown")
        }
        var content = InstanceContent(instance)
        for (resource, text) in values {
            let path = Path(object, instance ?? 0, resource)
            let decoded = try Codec.decode(Array(text.utf8), 0, at: path, definition)
            content.resources[resource] = decoded.instances.first?.resources[resource]
        }
        let payload = try Codec.encode([content], .tlv, at: Path(object), definition)
        return try await client.session.send(
            Request(.post, path: ["\(object)"], contentFormat: ContentFormat.tlv.rawValue, payload: payload))
    }

    func delete(_ path: Path, _ client: Registration) async throws -> Response {
        try await client.session.send(Request(.delete, path: path.segments))
    }

    func attributes(_ path: Path, _ query: String, _ client: Registration) async throws -> Response {
        try await client.session.send(
            Request(.put, path: path.segments, query: query.split(separator: "&").map(String.init)))
    }

    func observe(_ path: Path, _ format: UInt16?, _ client: Registration) async throws -> Response {
        let (response, observer) = try await client.session.observe(
            Request(.get, path: path.segments, accept: format)
        ) { [weak self, weak client] response in
            guard let self, let client else { return }
            self.notified(response, path, client)
        }
        guard response.observe != nil else { return response }
        if let old = client.observers.updateValue(observer, forKey: path) { client.session.forget(old) }
        client.notified[path] = value(of: response, at: path)
        return response
    }

    func cancel(_ path: Path, byReset: Bool, _ client: Registration) async throws -> Response? {
        guard let observer = client.observers.removeValue(forKey: path) else {
            throw CommandError("\(path) is not observed")
        }
        client.notified[path] = nil
        guard !byReset else {
            client.session.forget(observer)
            return nil
        }
        return try await client.session.cancel(observer)
    }

    private func notified(_ response: Response, _ path: Path, _ client: Registration) {
        let value = value(of: response, at: path)
        client.notified[path] = value
        event(
            "notification",
            [
                .init("endpoint", .string(client.endpoint)), .init("path", .string(path.description)),
                .init("code", .string(response.code.description)),
                .init("observe", response.observe.map { .number(.init($0)) } ?? .null), .init("value", value),
            ])
        for check in checks.values { check() }
    }

    /// Waits until a path has a value: by notifications if it is observed, else by polling.
    func until(_ path: Path, _ wanted: String, _ limit: Duration, _ client: Registration) async throws -> JSON {
        let end = scheduler.now + limit
        var latest = JSON.null
        while true {
            if let known = client.notified[path] {
                latest = known
            } else {
                let response = try await read(path, nil, client)
                latest = response.code.isSuccess ? value(of: response, at: path) : .null
            }
            if latest.plain == wanted { return latest }
            let left = end - scheduler.now
            guard left > .zero else {
                throw CommandError("\(path) is \(latest.plain) after \(limit.components.seconds) s; expected \(wanted)")
            }
            // Check an observed path at each notification. The client or session may change meanwhile.
            await change(within: min(left, client.notified[path] == nil ? .milliseconds(500) : .seconds(5)))
        }
    }

    /// The payload of a response as JSON.
    func value(of response: Response, at path: Path) -> JSON {
        JSON.value(of: response, at: path, definition(of: path.object))
    }

    private func change(within limit: Duration) async {
        await withCheckedContinuation { continuation in
            checkCounter += 1
            let number = checkCounter
            let done: @LoopActor () -> Void = { [weak self] in
                if self?.checks.removeValue(forKey: number) != nil { continuation.resume() }
            }
            checks[number] = done
            scheduler.schedule(after: limit, done)
        }
    }
}

extension Path {
    var segments: [String] { identifiers.map { "\($0)" } }
}
