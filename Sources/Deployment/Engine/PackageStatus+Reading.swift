import Linux

extension PackageStatus {
    /// What the store and the links say of a package; throws when nothing is left of it.
    static func read(_ name: String, _ store: Store) throws -> PackageStatus {
        let current = store.release(.current, of: name)
        let state = store.state(of: name).state
        guard current != nil || !state.highest.isEmpty || !state.conffiles.isEmpty else {
            throw DeploymentError(.notFound, "nothing is left of \(name)")
        }
        let record = try current.map { try store.record(of: name, release: $0) }
        let previous = store.release(.previous, of: name).flatMap { try? store.record(of: name, release: $0) }
        let links = try EnablementLink.find(for: record?.units.map(\.name) ?? [], store.paths)
        return PackageStatus(
            name: name, version: record?.version ?? "", previousVersion: previous?.version ?? "",
            isInstalled: record != nil, isEnabled: !links.isEmpty, isActivated: state.isActivated,
            units: record?.units ?? [], signer: record?.signer ?? "", description: record?.description ?? "",
            architecture: record?.architecture ?? "", provides: record?.provides ?? "",
            highestCommitted: state.highest,
            installedAt: state.installedAt, reason: state.reason, warnings: record?.warnings ?? [])
    }
}
