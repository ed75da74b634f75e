import CoAP
import EventLoop
import JSON
import LwM2M
import LwM2MClient

/// The server's side of the composite operations (LwM2M Core 6.3.8, 6.3.9, 6.4.4, 6.4.5), in SenML CBOR.
extension DevServer {
    func readComposite(_ selection: PathSelection, _ client: Registration) async throws -> Response {
        try await client.session.send(try request(selection))
    }

    /// - Parameter values: values as text, by path.
    func writeComposite(_ values: [(Path, String)], _ client: Registration) async throws -> Response {
        var content = CompositeContent()
        for (path, text) in values {
            guard let definition = definition(of: path.object) else {
                throw CommandError("object \(path.object) is unknown")
            }
            let decoded = try Codec.decode(Array(text.utf8), 0, at: path, definition)
            content.entries += try CompositeContent(decoded.instances, within: path).entries
        }
        return try await client.session.send(
            Request(
                .iPatch, path: [], contentFormat: ContentFormat.senMLCBOR.rawValue,
                payload: try Codec.encodeComposite(content, .senMLCBOR)))
    }

    /// Observes several paths. A client has one such observation at a time; another one takes its place.
    func observeComposite(_ selection: PathSelection, _ client: Registration) async throws -> Response {
        let (response, observer) = try await client.session.observe(try request(selection)) {
            [weak self, weak client] in
            guard let self, let client else { return }
            self.notified($0, client)
        }
        guard response.observe != nil else { return response }
        if let old = client.compositeObserver { client.session.forget(old) }
        client.compositeObserver = observer
        return response
    }

    func cancelComposite(_ client: Registration) async throws -> Response {
        guard let observer = client.compositeObserver else { throw CommandError("there is no composite observation") }
        client.compositeObserver = nil
        return try await client.session.cancel(observer)
    }

    private func request(_ selection: PathSelection) throws -> Request {
        let format = ContentFormat.senMLCBOR
        return Request(
            .fetch, path: [], contentFormat: format.rawValue, accept: format.rawValue,
            payload: try Codec.encodePaths(selection, format))
    }

    private func notified(_ response: Response, _ client: Registration) {
        event(
            "notification",
            [
                .init("endpoint", .string(client.endpoint)), .init("code", .string(response.code.description)),
                .init("observe", response.observe.map { .number(.init($0)) } ?? .null),
                .init("values", JSON.values(of: response, definition(of:))),
            ])
    }
}
