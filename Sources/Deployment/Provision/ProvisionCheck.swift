import Linux
import Packages

/// Holds what a release asks of the host against what the host has: nothing that is somebody else's is changed.
struct ProvisionCheck: Sendable {
    let store: Store
    let record: ReleaseRecord
    private var paths: HostPaths { store.paths }

    func run() throws {
        let asked = record.provision
        let state = try store.state(of: record.name).state
        let current = try store.release(.current, of: record.name)
        let release = try current.map { try store.record(of: record.name, release: $0) }
        let tree = current.map { store.tree(of: record.name, release: $0) }
        let before = try tree.flatMap { try release?.provision(in: $0) } ?? HostProvision()
        try checkAccounts(asked, state, before)
        var own = try tree.flatMap { try release?.paths(in: $0) } ?? []
        own += state.hostLines.compactMap { HostLine($0)?.path } + state.conffiles + state.folders
        try checkPlaces(asked, own: own)
    }

    // MARK: Accounts

    private func checkAccounts(_ asked: HostProvision, _ state: PackageState, _ before: HostProvision) throws {
        guard !asked.users.isEmpty || !asked.groups.isEmpty || !asked.members.isEmpty else { return }
        let host = try HostAccounts(paths)
        for user in asked.users {
            try check("user", user, has: host.users[user.name], isTaken: host.users.contains { $0.value == user.id })
        }
        for group in asked.groups {
            try check(
                "group", group, has: host.groups[group.name]?.id,
                isTaken: host.groups.contains { $0.value.id == group.id })
        }
        let own = Set(state.accounts.users.map(\.name))
        for member in asked.members where !own.contains(member.user) && !host.isMember(member) {
            guard host.users[member.user] != nil else { continue }
            throw DeploymentError(
                .conflict,
                "the user '\(member.user)' was there before \(record.name), which would make it a member of '\(member.group)'; do that yourself with 'adduser \(member.user) \(member.group)', or remove the user"
            )
        }
    }

    /// An account that is there is not changed. It must be one for services.
    private func check(_ what: String, _ asked: HostProvision.Account, has id: UInt32?, isTaken: Bool) throws {
        guard let id else {
            guard let wanted = asked.id, isTaken else { return }
            throw DeploymentError(
                .conflict,
                "the \(what) '\(asked.name)' of \(record.name) would get the number \(wanted), which another \(what) has; the package must leave the number to systemd"
            )
        }
        guard AccountNumbers.isForServices(id) else {
            throw DeploymentError(
                .conflict,
                "the \(what) '\(asked.name)' (\(id)) is there and is not one for services; rename it, or change the package"
            )
        }
        if let wanted = asked.id, wanted != id {
            throw DeploymentError(
                .conflict,
                "the \(what) '\(asked.name)' has the number \(id), and \(record.name) wants \(wanted); the package must leave the number to systemd"
            )
        }
    }

    // MARK: Places

    private func checkPlaces(_ asked: HostProvision, own: [String]) throws {
        let new = asked.places.filter { place in
            !own.contains { $0 == place.path || $0.hasPrefix(place.path + "/") }
        }
        let found = Set(try new.filter { try paths.has($0.path) })
        // What is in /run may be missing just now, because a service of the host does not run.
        let doubtful = new.filter { found.contains($0) || $0.path.hasPrefix("/run/") }
        guard !doubtful.isEmpty else { return }
        let ofDpkg = try DpkgFiles(folder: paths.dpkgInfo).owners(of: found.map(\.path), except: record.name)
        let ofHost = try HostFolders(paths)
        for place in doubtful {
            if let owner = ofDpkg[place.path] {
                throw refusal(place, "belongs to the Debian package \(owner)")
            }
            if let file = ofHost.file(making: place.path) { throw refusal(place, "is made by \(file) of the host") }
            guard found.contains(place) else { continue }
            if let other = try owner(of: place) { throw refusal(place, "belongs to the package \(other)") }
            if place.isNamed { continue }
            throw refusal(place, "is there already and has no name of the package's")
        }
    }

    private func refusal(_ place: HostProvision.Place, _ why: String) -> DeploymentError {
        DeploymentError(
            .conflict,
            "\(paths.host(place.path)), which \(record.name) makes or changes by tmpfiles.d or by a unit's StateDirectory= and the like, \(why); remove it if nobody needs it, or name a folder of the package's own"
        )
    }

    private func owner(of place: HostProvision.Place) throws -> String? {
        try store.packageNames().first { other in
            guard other != record.name else { return false }
            let release = try store.release(.current, of: other).map { try store.record(of: other, release: $0) }
            // Packages of one source share their folders.
            if let release, !record.source.isEmpty, release.source == record.source { return false }
            let named = release.map { $0.provision.places.map(\.path) + $0.dataFolders } ?? []
            return try named.contains(place.path)
                || store.state(of: other).state.hostLines.contains { HostLine($0)?.path == place.path }
        }
    }
}

extension ReleaseRecord {
    /// What the release asks of the host. Records of releases before `provision` was kept do not say: its files are read.
    func provision(in tree: ReleaseTree) throws -> HostProvision {
        guard provision == HostProvision() else { return provision }
        func contents(_ paths: [String]) throws -> [[UInt8]] { try paths.compactMap { try tree.file($0)?.bytes } }
        return HostProvision(
            unaudited: try contents(sysusers), tmpfiles: try contents(tmpfiles), lines: manifestUsers)
    }

    /// All paths that the release asks for on the host, besides files: by lines, and for its units. Records of releases before
    /// the folders of units were among the places do not say: the units are read.
    func paths(in tree: ReleaseTree) throws -> [String] {
        let asked = try provision(in: tree)
        let folders = try units.flatMap { unit -> [String] in
            guard let name = UnitName(unit.name) else { return [] }
            let files = try ([unit.path] + unit.dropIns).compactMap { try tree.file($0)?.bytes }
            return HostProvision.folders(ofUnit: name, files)
        }
        return asked.places.map(\.path) + (asked.lines + hostLines).compactMap { HostLine($0)?.path } + folders
    }
}
