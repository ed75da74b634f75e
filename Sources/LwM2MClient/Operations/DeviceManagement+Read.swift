import LwM2M

extension DeviceManagement {
    /// Read (LwM2M Core 6.3.1): 2.05 with the content in the format that Accept asks for, else in text for a single
    /// value (opaque for an opaque one) and TLV for all else, which servers of every version read. A server of 1.0 gets
    /// TLV for all.
    ///
    /// - Throws: 4.04, 4.05 for a resource that is not readable, 4.06 for a format that does not fit.
    func read(_ call: Call, accept: UInt16?) throws(OperationError) -> Response {
        let content = try content(of: call.path, call.entry, for: call.requester)
        return try response(content, call.path, call.entry, accept: accept)
    }

    /// A content as the response or the notification that tells it.
    func response(
        _ content: PathContent, _ path: Path, _ entry: ObjectRegistry.Entry, accept: UInt16?
    ) throws(OperationError) -> Response {
        do throws(CodecError) {
            let format = try Codec.format(accept: accept, at: path, entry.definition, entry.version)
            let payload = try content.encoded(format, at: path, entry.definition, entry.version)
            return Response(.content, contentFormat: format.rawValue, payload: payload)
        } catch {
            throw OperationError(telling: error)
        }
    }

    /// What a path holds now, as far as the requester may read it. Its right to the path itself was checked with the call.
    func content(
        of path: Path, _ entry: ObjectRegistry.Entry, for requester: Requester
    ) throws(OperationError) -> PathContent {
        guard path.instance != nil else {
            var instances: [InstanceContent] = []
            for instance in access.readableInstances(of: entry.object, path.object, by: requester) {
                instances.append(try self.content(ofInstance: instance, entry))
            }
            return .instances(instances)
        }
        let instance = try requireInstance(path, entry)
        guard let id = path.resource else { return .instances([try content(ofInstance: instance, entry)]) }
        // Reading tells as well whether a readable one is there: this is done more often than all else.
        guard let resource = entry.definition[id], resource.operations.readable else {
            _ = try requireResource(id, of: instance, entry)
            throw OperationError(.methodNotAllowed, "\(path) is not readable")
        }
        let content = try entry.read(instance, id)
        switch (content, path.resourceInstance) {
        case (.single(let value), nil): return .value(value)
        case (.multiple(let values), let wanted?):
            guard let value = values[wanted] else { throw OperationError(.notFound, "no resource instance \(path)") }
            return .value(value)
        case (.multiple, nil): return .instances([InstanceContent(instance, [id: content])])
        case (.single, _): throw OperationError(.notFound, "\(path): the resource has one value, no instances")
        }
    }

    /// All readable resources of an instance; one that vanished between listing and reading is left out.
    private func content(
        ofInstance instance: UInt16, _ entry: ObjectRegistry.Entry
    ) throws(OperationError) -> InstanceContent {
        var resources: [UInt16: ResourceContent] = [:]
        for id in entry.object.resources(of: instance) {
            guard let resource = entry.definition[id], resource.operations.readable else { continue }
            do throws(OperationError) {
                resources[id] = try entry.read(instance, id)
            } catch {
                guard error.code == .notFound else { throw error }
            }
        }
        return InstanceContent(instance, resources)
    }
}
