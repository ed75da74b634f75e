import Linux
import Packages

/// Conditions on the host for installing a release. They are checked when an install is requested, and again when it
/// begins.
struct HostCheck: Sendable {
    let store: Store
    let record: ReleaseRecord
    /// The token of the staged package; nil for a release that is already in the store.
    let token: String?
    /// The packages that wait.
    var staged: [ReleaseRecord] = []

    func run() throws {
        try checkUnits()
        try RelationCheck(store: store, package: record.name, record: record, staged: staged).run()
        try BusCheck(store: store, record: record).run()
        try PlaceCheck(store: store, record: record).run()
        try ProvisionCheck(store: store, record: record).run()
        // Of an attempt that failed, the tree is unpacked again, and then checked.
        if let token, try Files.exists(store.tree(staged: token)) {
            try OverlayCheck(paths: store.paths).run(store.tree(staged: token))
        }
        try checkSpace()
    }

    // MARK: Units

    /// A package must not replace or change a unit of the host or of another package.
    private func checkUnits() throws {
        let inPlace = try current(record.name)?.units ?? []
        let host = try hostUnits(ours: Set(inPlace.map(\.name)))
        let own = PackagedUnits(names: Set(record.units.compactMap { UnitName($0.name) }))
        let old = Set(inPlace.flatMap { [$0.name] + $0.aliases })
        for unit in record.units {
            for text in [unit.name] + unit.aliases {
                guard let name = UnitName(text) else {
                    throw DeploymentError(.unsupported, "'\(text)' is no name of a unit; correct the package")
                }
                let isNew = !old.contains(text) || name.isDashPrefix
                if isNew, let clash = host.clash(with: name) { throw Self.error(name, of: unit, clash) }
                if let why = own.refusal(of: name) { throw DeploymentError(.conflict, "the unit '\(text)': \(why)") }
            }
        }
        for reach in record.reaches {
            guard let clash = host.clash(with: reach.unit) else { continue }
            throw DeploymentError(
                .conflict,
                "/\(reach.path) would change '\(clash.unit)' (\(clash.owner)), and a package changes only units of its own; remove it from the package"
            )
        }
        if let why = record.orders.lazy.compactMap(host.refusal(of:)).first { throw DeploymentError(.conflict, why) }
        for name in record.busNames + record.busActivations.map(\.name) {
            if let why = host.refusal(ofBusName: name) { throw DeploymentError(.conflict, why) }
        }
        try checkFiles(host)
    }

    /// No unit of the host takes over what a package says: a file that it looks for and that nobody has.
    private func checkFiles(_ host: HostUnits) throws {
        let known = Set(try store.state(of: record.name).state.conffiles)
        let links = record.hostLines.compactMap(HostLine.init).filter { $0.type == "L" }.map(\.path)
        for path in record.conffiles + links where !known.contains(path) {
            guard let why = host.refusal(ofFile: path) else { continue }
            throw DeploymentError(.conflict, "\(store.paths.host(path)): \(why)")
        }
    }

    /// Enabling makes a link of each alias, which would hide a unit that the host has got since the package was installed.
    func checkAliases() throws {
        let names = Set(record.units.map(\.name))
        let host = try hostUnits(ours: names)
        for unit in record.units {
            for name in unit.aliases.compactMap({ UnitName($0) }) {
                if let clash = host.clash(with: name) { throw Self.error(name, of: unit, clash) }
            }
        }
    }

    /// - Parameter ours: the package's units that are in place.
    private func hostUnits(ours: Set<String>) throws -> HostUnits {
        var host = HostUnits()
        for other in try store.packageNames() where other != record.name {
            for unit in try current(other)?.units ?? [] {
                for name in ([unit.name] + unit.aliases).compactMap({ UnitName($0) }) {
                    host.add(name, owner: "the package '\(other)'")
                }
            }
        }
        let own = Set(record.units.map(\.name))
        for folder in store.paths.hostUnitFolders {
            let isAdministrators = store.paths.administratorUnitFolders.contains(folder)
            try host.add(folder: folder) { (name) throws(Errno) in
                let path = "\(folder)/\(name)"
                if try EnablementLink.leads(path, toAnyOf: ours, store.paths) { return true }
                // The administrator has masked it: it is installed, and stays off.
                return isAdministrators && own.holds(unit: name) ? try Files.isMask(path) : false
            }
        }
        // Others than Gatekeel attach units too: portable services.
        let attached = store.paths.attachedUnits
        try host.add(folder: attached) { (name) throws(Errno) in
            if ours.contains(name) { return true }
            return try Files.exists("\(attached)/\(name).d/\(Attachment.dropIn)")
        }
        return host
    }

    private static func error(_ name: UnitName, of unit: ReleaseUnit, _ clash: HostUnits.Clash) -> DeploymentError {
        let what =
            name.description == unit.name ? "the unit '\(name)'" : "'\(name)', another name of the unit '\(unit.name)',"
        let effect =
            if clash.unit == name {
                "would replace that of \(clash.owner)"
            } else if clash.unit == name.template {
                "would replace an instance of '\(clash.unit)' (\(clash.owner))"
            } else {
                "would also apply to '\(clash.unit)' (\(clash.owner))"
            }
        return DeploymentError(
            .conflict,
            "\(what) \(effect); units of the host and of other packages are never replaced or changed: rename it")
    }

    /// Bytes that the payload still needs: none when it is unpacked already.
    private func needed() throws(Errno) -> UInt64 {
        guard let token, try !Files.exists(store.tree(staged: token)) else { return 0 }
        return record.installedSize
    }

    private func checkSpace() throws {
        // For the journal, the conffiles and the units.
        let margin: UInt64 = 4 << 20
        for (folder, needed) in [(store.root, try needed()), (store.paths.root + "/etc", 0)] {
            guard try Files.exists(folder) else { continue }
            let free = try Files.freeSpace(at: folder)
            guard free >= needed + margin else {
                throw DeploymentError(
                    .noSpace,
                    "\(folder) has \(free >> 10) KiB free, and \(record.name) \(record.version) takes \((needed + margin) >> 10) KiB; free space and try again"
                )
            }
        }
    }

    private func current(_ package: String) throws -> ReleaseRecord? {
        try store.release(.current, of: package).map { try store.record(of: package, release: $0) }
    }
}
