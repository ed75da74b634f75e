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
        let before =
            try current.flatMap { try release?.provision(in: store.tree(of: record.name, release: $0)) }
            ?? HostProvision()
        try checkAccounts(asked, state, before)
        try checkPlaces(asked, state, before, release)
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
        guard id > 0, id < 1000 else {
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

    private func checkPlaces(
        _ asked: HostProvision, _ state: PackageState, _ before: HostProvision, _ release: ReleaseRecord?
    ) throws {
        var own = before.places.map(\.path) + before.lines.compactMap { HostLine($0)?.path }
        own += (state.hostLines + (release?.hostLines ?? [])).compactMap { HostLine($0)?.path }
        own += state.conffiles + state.folders
        let found = try asked.places.filter { place in
            try !own.contains { $0 == place.path || $0.hasPrefix(place.path + "/") } && paths.has(place.path)
        }
        guard !found.isEmpty else { return }
        let ofDpkg = try DpkgFiles(folder: paths.dpkgInfo).owners(of: found.map(\.path), except: record.name)
        let ofHost = try HostTmpfiles(paths).lines()
        for place in found {
            if let owner = ofDpkg[place.path] {
                throw refusal(place, "belongs to the Debian package \(owner)")
            }
            if let file = ofHost.first(where: { $0.path == place.path || $0.path.hasPrefix(place.path + "/") })?.file {
                throw refusal(place, "is made by \(file) of the host")
            }
            guard !place.isNamed else { continue }
            if let other = try owner(of: place) { throw refusal(place, "belongs to the package \(other)") }
            throw refusal(place, "is there already and has no name of the package's")
        }
    }

    private func refusal(_ place: HostProvision.Place, _ why: String) -> DeploymentError {
        DeploymentError(
            .conflict,
            "\(paths.host(place.path)), which a tmpfiles.d line of \(record.name) makes or changes, \(why); remove it if nobody needs it, or name a folder of the package's own in the line"
        )
    }

    private func owner(of place: HostProvision.Place) throws -> String? {
        try store.packageNames().first { other in
            guard other != record.name else { return false }
            return try store.state(of: other).state.hostLines.contains { HostLine($0)?.path == place.path }
        }
    }
}

/// The lines of the host's own `tmpfiles.d(5)` files.
struct HostTmpfiles: Sendable {
    let paths: HostPaths

    init(_ paths: HostPaths) { self.paths = paths }

    func lines() throws(Errno) -> [(file: String, path: String)] {
        var found: [(file: String, path: String)] = []
        for folder in ["/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d"] {
            for name in try Files.namesIfPresent(in: paths.host(folder))
            where name.hasSuffix(".conf") && !name.hasPrefix(Attachment.tmpfilesPrefix) {
                let file = paths.host("\(folder)/\(name)")
                guard let bytes = try Files.readIfPresent(file, limit: 1 << 20) else { continue }
                found += HostProvision.paths(ofTmpfiles: bytes).map { (file, $0) }
            }
        }
        return found
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
}
