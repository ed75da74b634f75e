import Glibc
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
        try checkPlaces(asked, own: own, state.accounts)
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

    /// - Parameter accounts: those that deployments of the package made.
    private func checkPlaces(_ asked: HostProvision, own: [String], _ accounts: AddedAccounts) throws {
        func isNew(_ place: HostProvision.Place) -> Bool {
            !own.contains { $0 == place.path || $0.hasPrefix(place.path + "/") }
        }
        let new = asked.places.filter(isNew)
        let matched = try new.filter(\.isPattern).flatMap(present).filter(isNew)
        let found = Set(try new.filter { try !$0.isPattern && paths.has($0.path) } + matched)
        // What is missing may be so just now, because a service of the host has not run.
        let doubtful = new + matched
        guard !doubtful.isEmpty else { return }
        let ofDpkg = try DpkgFiles(folder: paths.dpkgInfo).owners(of: found.map(\.path), except: record.name)
        let ofHost = try HostFolders(paths)
        for place in doubtful {
            if let owner = ofDpkg[place.path] {
                throw refusal(place, "belongs to the Debian package \(owner)")
            }
            if let file = ofHost.file(making: place) { throw refusal(place, "is made by \(file) of the host") }
            guard found.contains(place) else { continue }
            let owners = try self.owners(of: place)
            // Packages of one source share their folders.
            if let other = owners.first(where: { !$0.isRelated }) {
                throw refusal(place, "belongs to the package \(other.name)")
            }
            guard try owners.isEmpty && !mayHave(place, accounts) else { continue }
            throw refusal(
                place,
                place.isNamed
                    ? "is there already, and belongs to no user that the package's deployments made; move it away, or remove it if nobody needs it"
                    : "is there already and has no name of the package's")
        }
    }

    /// What a pattern stands for on the host.
    private func present(_ place: HostProvision.Place) throws -> [HostProvision.Place] {
        let (folder, _) = Files.split(place.path)
        let names = try paths.holdingIfPresent(place.path) { (held, _) throws(Errno) in try held.names() } ?? []
        return names.map { HostProvision.Place("\(folder)/\($0)", isNamed: place.isNamed) }
            .filter { place.meets($0.path) }
    }

    /// Whether the package may have what is there and is nobody's: it has the package's own name, or is left of the same package by
    /// apt; or it has another name of the package's, which the package chooses, and nobody would lose it.
    ///
    /// - Parameter accounts: an account that no deployment made is the host's, whatever the package names.
    private func mayHave(_ place: HostProvision.Place, _ accounts: AddedAccounts) throws -> Bool {
        if Files.split(place.path).name == record.name { return true }
        guard place.isNamed else { return false }
        if try DpkgFiles(folder: paths.dpkgInfo).knows(record.name) { return true }
        guard let status = try status(place.path) else { return true }
        if status.st_mode & S_IFMT == S_IFDIR {
            let names = try paths.holdingIfPresent("\(place.path)/-") { (held, _) throws(Errno) in try held.names() }
            if names?.isEmpty != false { return true }
        } else if status.st_mode & S_IFMT == S_IFREG, status.st_size == 0 {
            return true
        }
        let host = try HostAccounts(paths)
        let users = accounts.users.compactMap { host.users[$0.name] }
        let groups = accounts.groups.compactMap { host.groups[$0.name]?.id }
        return status.st_uid != 0 && users.contains(status.st_uid)
            || status.st_gid != 0 && groups.contains(status.st_gid)
    }

    /// Of what is at a path, or of the folder that a link of root's leads to.
    private func status(_ path: String) throws(Errno) -> stat? {
        let status = try paths.holdingIfPresent(path) { (folder, name) throws(Errno) in try folder.status(name) } ?? nil
        guard let status, status.st_mode & S_IFMT == S_IFLNK,
            let reached = try paths.holdingIfPresent("\(path)/-", { (held, _) throws(Errno) in held.place })
        else { return status }
        return try Files.status(paths.host(reached))
    }

    private func refusal(_ place: HostProvision.Place, _ why: String) -> DeploymentError {
        DeploymentError(
            .conflict,
            "\(paths.host(place.path)), which \(record.name) makes or changes by tmpfiles.d or by a unit's StateDirectory= and the like, \(why); remove it if nobody needs it, or name a folder of the package's own"
        )
    }

    /// The packages of the store that have a place too.
    private func owners(of place: HostProvision.Place) throws -> [(name: String, isRelated: Bool)] {
        try store.packageNames().compactMap { other in
            guard other != record.name else { return nil }
            let release = try store.release(.current, of: other).map { try store.record(of: other, release: $0) }
            let named = release.map { $0.provision.places.map(\.path) + $0.dataFolders } ?? []
            guard
                try named.contains(where: place.meets)
                    || store.state(of: other).state.hostLines.contains(where: { HostLine($0)?.path == place.path })
            else { return nil }
            return (other, release.map(record.isOfOneSource) ?? false)
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
