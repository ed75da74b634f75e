import LwM2M

extension DeviceManagement {
    /// Write-Attributes (LwM2M Core 6.3.4): PUT with queries and no payload; 2.04 once they are durable.
    ///
    /// - Throws: 4.04 for what is not there, 4.05 for a resource that is not readable, 4.00 for attributes that are
    ///   unknown, malformed, of another level, or contradict each other.
    func writeAttributes(_ call: Call, _ request: Request) async throws(OperationError) -> Response {
        let path = call.path
        guard case .server(let account) = call.requester else {
            throw OperationError(.methodNotAllowed, "attributes belong to a server's account")
        }
        if path.instance != nil {
            let instance = try requireInstance(path, call.entry)
            if let id = path.resource {
                let resource = try requireResource(id, of: instance, call.entry)
                guard resource.operations.readable else {
                    throw OperationError(.methodNotAllowed, "\(path) is not readable, so it cannot be observed")
                }
                if path.resourceInstance != nil { _ = try content(of: path, call.entry, for: call.requester) }
            }
        }
        let update: AttributeUpdate
        do throws(AttributeUpdate.Refused) {
            update = try AttributeUpdate(request.query, at: path, call.entry.definition, call.entry.version)
        } catch {
            throw OperationError(.badRequest, error.message)
        }
        try await accounts.attach(account, path, update)
        attributesChanged?(account)
        return Response(.changed)
    }
}
