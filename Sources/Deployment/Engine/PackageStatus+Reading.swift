import Linux

extension PackageStatus {
    /// What the store and the links say of a package; nil when nothing is left of it.
    ///
    /// A release whose record cannot be read is still in place; `reason` says that it cannot be read.
    /// - Throws: when it cannot be found out what is in place.
    static func read(_ name: String, _ store: Store) throws -> PackageStatus? {
        let current = try store.release(.current, of: name)
        let state = try store.state(of: name).state
        guard current != nil || !state.highest.isEmpty || !state.conffiles.isEmpty else { return nil }
        var reason = state.reason
        var record: ReleaseRecord?
        if let current {
            do {
                record = try store.record(of: name, release: current)
            } catch {
                reason = Reason("unreadable", "\(error)")
            }
        }
        let previous = try store.release(.previous, of: name)
        let links = try EnablementLink.find(for: record?.units.map(\.name) ?? [], store.paths)
        let instances = Set(links.map(\.unit).filter { record?.hasTemplate(of: $0) == true }).sorted()
        return PackageStatus(
            name: name, version: record?.version ?? current.map(Store.version(ofFolder:)) ?? "",
            previousVersion: previous.map { version(of: $0, name, store) } ?? "",
            isInstalled: current != nil, isEnabled: !links.isEmpty, isActivated: state.isActivated,
            units: record?.units ?? [], instances: instances, signer: record?.signer ?? "",
            description: record?.description ?? "",
            architecture: record?.architecture ?? "", provides: record?.provides ?? "",
            highestCommitted: state.highest,
            installedAt: state.installedAt, reason: reason, warnings: record?.warnings ?? [])
    }

    /// As its record says; as its folder is named when the record cannot be read.
    private static func version(of release: String, _ name: String, _ store: Store) -> String {
        (try? store.record(of: name, release: release).version) ?? Store.version(ofFolder: release)
    }
}
