import LwM2M

extension DeviceManagement {
    /// How often a path is to be looked at, for what in it changes without a word: the shortest interval of what it names, at
    /// most once a second, whatever an object says. nil: all of it is announced.
    func samplingInterval(of path: Path, _ rule: NotificationState.Rule) -> Duration? {
        guard let object = registry[path.object, .newest]?.object else { return nil }
        // A clock is looked at when someone waits for a time, or a step of it.
        if rule.conditions != nil, let resource = path.resource, object.passes(resource) { return .seconds(1) }
        var shortest: Duration?
        for instance in path.instance.map({ [$0] }) ?? object.instances {
            for resource in path.resource.map({ [$0] }) ?? object.resources(of: instance) {
                guard let interval = object.samplingInterval(instance, resource) else { continue }
                shortest = min(shortest ?? interval, max(interval, .seconds(1)))
            }
        }
        return shortest
    }

    /// Whether thresholds and steps mean something at a path: it is a numeric resource, or one whose object is not there yet.
    func isNumeric(_ path: Path) -> Bool {
        guard let resource = path.resource else { return false }
        return registry[path.object, .newest].map { $0.definition[resource]?.type.isNumeric == true } ?? true
    }

    /// The resources below a path, above a resource, that change with time alone.
    func passingResources(of path: Path) -> [UInt16] {
        guard path.resource == nil, let entry = registry[path.object, .newest] else { return [] }
        return entry.definition.resources.map(\.id).filter { entry.object.passes($0) }
    }
}
