import LwM2M

extension DeviceManagement {
    /// Execute (LwM2M Core 6.3.5): POST on an executable resource; 2.04.
    ///
    /// - Throws: 4.04 for what is not there, 4.05 for what is not executable, 4.15 for arguments that are no text, 4.00
    ///   for arguments that break the grammar; what the object refuses.
    func execute(_ call: Call, _ request: Request) async throws(OperationError) -> Response {
        let instance = try requireInstance(call.path, call.entry)
        guard let id = call.path.resource else {
            throw OperationError(.methodNotAllowed, "only resources are executed")
        }
        let resource = try requireResource(id, of: instance, call.entry)
        guard resource.operations == .execute else {
            throw OperationError(.methodNotAllowed, "\(call.path) is not executable")
        }
        if !request.payload.isEmpty { try requireText(request) }
        let arguments: [ExecuteArgument]
        do throws(ExecuteArgument.Malformed) {
            arguments = try ExecuteArgument.list(request.payload)
        } catch {
            throw OperationError(.badRequest, error.message)
        }
        try await call.entry.object.execute(instance, id, arguments)
        return Response(.changed)
    }

    func requireText(_ request: Request) throws(OperationError) {
        guard (request.contentFormat ?? 0) == ContentFormat.text.rawValue else {
            throw OperationError(.unsupportedContentFormat, "arguments are text (0)")
        }
    }
}
