import LwM2M

extension DeviceManagement {
    /// Write (LwM2M Core 6.3.3): PUT replaces, POST updates; 2.04.
    ///
    /// All is checked before anything is written: a payload with one resource that cannot be taken writes none.
    /// - Throws: 4.04 for what is not there, 4.05 for what is not writable, 4.15 for a format that does not fit, 4.00 for
    ///   a payload without a format, one that does not parse, or a value of the wrong type.
    func write(_ call: Call, _ request: Request, _ mode: WriteMode) async throws(OperationError) -> Response {
        let path = call.path
        let instance = try requireWritable(path, call.entry)
        guard let format = request.contentFormat else {
            throw OperationError(.badRequest, "the content format is missing")
        }
        let decoded: DecodedContent
        do throws(CodecError) {
            decoded = try Codec.decode(request.payload, format, at: path, call.entry.definition, call.entry.version)
        } catch {
            throw OperationError(taking: error)
        }
        if let unknown = decoded.unknownResources.first {
            throw OperationError(.notFound, "no resource \(Path(path.object, instance, unknown))")
        }
        guard decoded.instances.count == 1, var values = decoded.instances.first?.resources else {
            throw OperationError(.badRequest, "the payload is not one instance's")
        }
        for id in values.keys {
            guard call.entry.definition[id]?.operations.writable == true else {
                throw OperationError(.methodNotAllowed, "\(Path(path.object, instance, id)) is not writable")
            }
        }
        if path.resourceInstance != nil || mode == .update {
            for (id, content) in values { values[id] = merged(content, instance, id, call.entry) }
        }
        // Below an instance nothing but the resource is touched, so that the object sees an update of that one.
        let scope = path.resource == nil ? mode : .update
        try await call.entry.object.write(instance, values, mode: scope)
        return Response(.changed)
    }

    /// What a partial update makes of a resource: instances that it does not name stay.
    func merged(
        _ content: ResourceContent, _ instance: UInt16, _ resource: UInt16, _ entry: ObjectRegistry.Entry
    ) -> ResourceContent {
        guard case .multiple(let new) = content else { return content }
        return .multiple(present(instance, resource, entry).merging(new) { $1 })
    }

    /// The instances that a resource has now; none when it cannot be read.
    private func present(_ instance: UInt16, _ resource: UInt16, _ entry: ObjectRegistry.Entry) -> [UInt16: Value] {
        guard entry.definition[resource]?.operations.readable == true,
            case .multiple(let values) = try? entry.object.read(instance, resource)
        else { return [:] }
        return values
    }

    /// Checks the path of a Write. An optional resource that the instance lacks may be written into being.
    ///
    /// - Returns: the instance.
    func requireWritable(_ path: Path, _ entry: ObjectRegistry.Entry) throws(OperationError) -> UInt16 {
        let instance = try requireInstance(path, entry)
        guard let id = path.resource else { return instance }
        guard let resource = entry.definition[id] else { throw OperationError(.notFound, "no resource \(path)") }
        guard resource.operations.writable else { throw OperationError(.methodNotAllowed, "\(path) is not writable") }
        if let wanted = path.resourceInstance {
            guard resource.multiple, present(instance, id, entry)[wanted] != nil else {
                throw OperationError(.notFound, "no resource instance \(path)")
            }
        }
        return instance
    }
}
