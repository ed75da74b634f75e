import LwM2M

/// The requests of the Registration interface (LwM2M Core 6.2).
enum RegistrationRequest {
    /// Register (6.2.1): POST /rd with `ep lt lwm2m b` and the objects. From 1.1 on queue mode is a parameter of its own, `Q`.
    static func register(
        endpoint: String, version: EnablerVersion, _ settings: ServerSettings, objects: [UInt8]
    ) -> Request {
        Request(
            .post, path: ["rd"],
            query: [
                "ep=\(endpoint)", "lt=\(settings.lifetime)", "lwm2m=\(version)", "b=\(settings.binding(in: version))",
            ] + (settings.queueMode && version != .v10 ? ["Q"] : []),
            contentFormat: ContentFormat.link.rawValue, payload: objects)
    }

    /// Update (6.2.2): POST on the location with what changed since the server was told last.
    static func update(
        _ location: [String], version: EnablerVersion, _ settings: ServerSettings, told: ServerSettings?,
        objects: [UInt8]?
    ) -> Request {
        var query: [String] = []
        if settings.lifetime != told?.lifetime { query.append("lt=\(settings.lifetime)") }
        let binding = settings.binding(in: version)
        if binding != told?.binding(in: version) { query.append("b=\(binding)") }
        return Request(
            .post, path: location, query: query, contentFormat: objects.map { _ in ContentFormat.link.rawValue },
            payload: objects ?? [])
    }

    /// De-register (6.2.3): DELETE on the location.
    static func deregister(_ location: [String]) -> Request { Request(.delete, path: location) }
}
