import LwM2M

extension DeviceManagement {
    /// Create (LwM2M Core 6.3.6): POST on an object, with the new instance's identifier in the payload or without; 2.01
    /// with the Location-Path of what was made.
    ///
    /// Values of read-only resources are passed on: some servers (GEISA's) name an application that way, and the object
    /// knows whether it listens.
    /// Of several servers, the one that creates an instance owns it (8.2).
    /// - Throws: 4.05 for an object that has one instance, 4.00 for a payload without a format, one of several
    ///   instances, or an identifier that is taken; what the object refuses.
    func create(_ call: Call, _ request: Request) async throws(OperationError) -> Response {
        guard call.entry.definition.multiple else {
            throw OperationError(.methodNotAllowed, "object \(call.path.object) has one instance")
        }
        var instance = InstanceContent(nil)
        if !request.payload.isEmpty {
            guard let format = request.contentFormat else {
                throw OperationError(.badRequest, "the content format is missing")
            }
            let decoded: DecodedContent
            do throws(CodecError) {
                decoded = try Codec.decode(
                    request.payload, format, at: call.path, call.entry.definition, call.entry.version)
            } catch {
                throw OperationError(taking: error)
            }
            if let unknown = decoded.unknownResources.first {
                throw OperationError(.badRequest, "object \(call.path.object) has no resource \(unknown)")
            }
            guard decoded.instances.count <= 1 else {
                throw OperationError(.badRequest, "one instance is created at a time")
            }
            instance = decoded.instances.first ?? instance
        }
        if let id = instance.id, call.entry.object.hasInstance(id) {
            throw OperationError(.badRequest, "instance \(Path(call.path.object, id)) is there already")
        }
        let made = try await created(instance, call)
        changes?.instancesChanged(call.path.object)
        return Response(.created, locationPath: ["\(call.path.object)", "\(made)"])
    }

    /// Of several servers, the one that creates an instance owns it: its list is stored first, so that nobody else can reach the
    /// instance at any moment, nor after a loss of power.
    private func created(_ content: InstanceContent, _ call: Call) async throws(OperationError) -> UInt16 {
        let object = call.entry.object
        guard case .server(let account) = call.requester, let lists = access.lists, lists.areNeeded else {
            return try await object.create(content.id, content.resources)
        }
        // The list of an instance that is still to come is not to be replaced.
        guard object.isComplete else {
            throw OperationError(
                .internalServerError,
                "the instances of object \(call.path.object) are not loaded; see the gateway's journal")
        }
        let taken = Set(object.instances)
        guard
            let id = content.id
                ?? (0..<UInt16.max).first(where: { !taken.contains($0) && !lists.isReserved(call.path.object, $0) })
        else { throw OperationError(.internalServerError, "no identifier is free") }
        // The host may make an instance of that number meanwhile: then the Create fails, and the instance needs a list of its own.
        defer {
            lists.follow(call.entry.definition, instances: object.instances, isComplete: object.isComplete)
        }
        try await lists.reserve(call.path.object, id, for: account)
        do throws(OperationError) {
            let made = try await object.create(id, content.resources)
            lists.created(call.path.object, made)
            return made
        } catch {
            lists.cancel(call.path.object, id)
            throw error
        }
    }
}
