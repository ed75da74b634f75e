/// An object as the client reports it in the payload of Register and in the answer to Discover.
public struct RegisteredObject: Hashable, Sendable {
    public let definition: ObjectDefinition
    public let instances: [UInt16]

    public init(_ definition: ObjectDefinition, instances: [UInt16]) {
        self.definition = definition
        self.instances = instances
    }

    /// `ver=1.1` on the object's own link, unless it is the initial version (LwM2M Core 7.2.2).
    fileprivate var version: [Link.Parameter] {
        definition.version == "1.0" ? [] : [.init("ver", definition.version)]
    }
}

extension LinkFormat {
    /// The payload of Register and Update (LwM2M Core 6.2.1): the root with the content formats, then the objects sorted by
    /// identifier. Security (0) and OSCORE (21) are never reported.
    public static func registration(_ objects: [RegisteredObject], formats: [ContentFormat]) -> [Link] {
        let contentTypes = formats.map { "\($0)" }.joined(separator: " ")
        var links = [
            Link("/", [.init("rt", "oma.lwm2m")] + (formats.isEmpty ? [] : [.init("ct", contentTypes)]))
        ]
        for object in objects.sorted(by: { $0.definition.id < $1.definition.id }) {
            let id = object.definition.id
            guard id != 0 && id != 21 else { continue }
            if object.instances.isEmpty || !object.version.isEmpty { links.append(Link(Path(id), object.version)) }
            links += object.instances.sorted().map { Link(Path(id, $0)) }
        }
        return links
    }

    /// The answer to Discover (LwM2M Core 6.3.2): first the target with all attributes that apply to it. Then the levels
    /// below, with only the attributes attached there: instances and resources of an object, resources of an instance,
    /// resource instances of a resource.
    ///
    /// - Parameters:
    ///   - resources: returns the resources of an instance, sorted.
    ///   - resourceInstances: returns the instances of a multiple resource, sorted; nil for a single resource, which has no
    ///     `dim`.
    ///   - version: that the server is spoken to in; 1.0 has no paths of resource instances.
    public static func discovery(
        of path: Path, _ object: RegisteredObject, _ attributes: AttributeTable, _ version: EnablerVersion = .v11,
        resources: (UInt16) -> [UInt16], resourceInstances: (UInt16, UInt16) -> [UInt16]?
    ) -> [Link] {
        let id = object.definition.id
        func link(_ target: Path) -> Link {
            var parameters = target.instance == nil ? object.version : []
            if target.resourceInstance == nil, let instance = target.instance, let resource = target.resource,
                let dimension = resourceInstances(instance, resource)?.count
            {
                parameters.append(.init("dim", "\(dimension)"))
            }
            let own = target == path ? attributes.effective(at: target) : attributes[target]
            return Link(target, parameters + own.linkParameters)
        }
        func below(_ instance: UInt16) -> [Link] { resources(instance).map { link(Path(id, instance, $0)) } }

        guard let instance = path.instance else {
            return [link(path)] + object.instances.sorted().flatMap { [link(Path(id, $0))] + below($0) }
        }
        guard let resource = path.resource else { return [link(path)] + below(instance) }
        guard path.resourceInstance == nil, version > .v10 else { return [link(path)] }
        return [link(path)]
            + (resourceInstances(instance, resource) ?? []).map { link(Path(id, instance, resource, $0)) }
    }
}
