import LwM2M

extension DeviceManagement {
    /// Discover (LwM2M Core 6.3.2): 2.05 with links of what is there and the attributes that this server attached.
    func discover(_ call: Call) throws(OperationError) -> Response {
        let path = call.path
        let entry = call.entry
        guard path.resourceInstance == nil else {
            throw OperationError(.methodNotAllowed, "Discover is for objects, instances and resources")
        }
        if path.instance != nil {
            let instance = try requireInstance(path, entry)
            if let resource = path.resource { _ = try requireResource(resource, of: instance, entry) }
        }
        let object = entry.object
        let links = LinkFormat.discovery(
            of: path, RegisteredObject(entry.definition, instances: object.instances), attributes(of: call.requester),
            entry.version, resources: { object.resources(of: $0).filter { entry.definition[$0] != nil } },
            resourceInstances: { instance, resource in
                guard entry.definition[resource]?.multiple == true else { return nil }
                guard case .multiple(let values) = try? entry.read(instance, resource) else { return [] }
                return values.keys.sorted()
            })
        return Response(
            .content, contentFormat: ContentFormat.link.rawValue, payload: LinkFormat.encode(links))
    }
}

extension DeviceManagement {
    /// The attributes that the requester attached.
    private func attributes(of requester: Requester) -> AttributeTable {
        guard case .server(let account) = requester else { return AttributeTable() }
        return accounts.attributes(account)
    }
}
