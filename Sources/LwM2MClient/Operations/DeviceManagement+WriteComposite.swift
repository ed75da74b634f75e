import LwM2M

extension DeviceManagement {
    /// The Write of one instance, which a Write-Composite consists of.
    private struct InstanceWrite {
        let entry: ObjectRegistry.Entry
        let instance: UInt16
        let values: [UInt16: ResourceContent]
        /// Whether what was there can be written back: all of it can be read.
        let isReversible: Bool
    }

    /// Write-Composite (LwM2M Core 6.3.9): iPATCH; 2.04 when all values are written, across objects.
    ///
    /// All is checked before anything is written. If an object cannot write its values nevertheless, those that were written
    /// before are put back.
    /// - Throws: 4.01 for Security and another server's account, 4.04 for what is not there, 4.05 for what is not writable,
    ///   4.00 for a payload that does not parse, a path that occurs twice or a value of the wrong type; what an object
    ///   refuses.
    func writeComposite(_ call: CompositeCall, _ request: Request) async throws(OperationError) -> Response {
        let writes = try writes(call, request)
        for write in writes { try write.entry.object.check(write.instance, write.values) }
        var done: [(write: InstanceWrite, before: [UInt16: ResourceContent])] = []
        for write in writes {
            let before = write.isReversible ? writableContent(of: write) : [:]
            do throws(OperationError) {
                try await write.entry.object.write(write.instance, write.values, mode: .update)
            } catch {
                for (write, before) in done.reversed() { await restore(write, before) }
                throw error
            }
            done.append((write, before))
        }
        return Response(.changed)
    }

    private func writes(_ call: CompositeCall, _ request: Request) throws(OperationError) -> [InstanceWrite] {
        let version = access.version(of: call.requester)
        let decoded: DecodedComposite
        let instances: [CompositeContent.Instance]
        do throws(CodecError) {
            decoded = try Codec.decodeComposite(request.payload, call.format) { [registry] object in
                // No type of an object that no server may write is told.
                object == 0 ? nil : registry[object, version]?.definition
            }
            instances = try decoded.content.instances()
        } catch {
            throw OperationError(taking: error)
        }
        if let path = decoded.unknown.first {
            try access.check(.write(.update), at: path, by: call.requester)
            throw OperationError(.notFound, "no resource \(path)")
        }
        var writes: [InstanceWrite] = []
        for item in instances { writes.append(try write(item, call)) }
        // What cannot be put back comes last, and is one instance at most.
        let last = writes.filter { !$0.isReversible }
        guard last.count <= 1 else {
            throw OperationError(
                .methodNotAllowed, "write-only resources of several instances are not written at once; write one by one"
            )
        }
        return writes.filter(\.isReversible) + last
    }

    private func write(
        _ item: CompositeContent.Instance, _ call: CompositeCall
    ) throws(OperationError) -> InstanceWrite {
        guard let instance = item.content.id, let entry = registry[item.object, access.version(of: call.requester)]
        else {
            throw OperationError(.notFound, "no object \(item.object)")
        }
        var values = item.content.resources
        for (id, content) in item.content.resources {
            let path = Path(item.object, instance, id)
            try access.check(.write(.update), at: path, by: call.requester)
            _ = try requireWritable(path, entry)
            values[id] = merged(content, instance, id, entry)
        }
        let isReversible = values.keys.allSatisfy { entry.definition[$0]?.operations.readable == true }
        return InstanceWrite(entry: entry, instance: instance, values: values, isReversible: isReversible)
    }

    /// The writable resources that an instance has now.
    private func writableContent(of write: InstanceWrite) -> [UInt16: ResourceContent] {
        var content: [UInt16: ResourceContent] = [:]
        for resource in write.entry.definition.resources
        where resource.operations == .readWrite && write.entry.object.has(resource.id, in: write.instance) {
            content[resource.id] = try? write.entry.object.read(write.instance, resource.id)
        }
        return content
    }

    /// Puts back what was there. Only if a written resource was not there, the instance is replaced: nothing else removes it.
    private func restore(_ write: InstanceWrite, _ before: [UInt16: ResourceContent]) async {
        let own = before.filter { write.values[$0.key] != nil }
        let isWhole = own.count == write.values.count
        try? await write.entry.object.write(
            write.instance, isWhole ? own : before, mode: isWhole ? .update : .replace)
    }
}
