import Packages
import State

extension ReleaseRecord {
    static let kind = "release"

    var record: Record {
        var record = Record(kind: Self.kind)
        record.add("name", name)
        record.add("version", version)
        record.add("architecture", architecture)
        record.add("description", description)
        record.add("signer", signer)
        if !authority.isEmpty { record.add("signer-authority", authority) }
        record.add("signed-at", signedAt)
        record.add("content", content)
        record.add("package-size", packageSize)
        record.add("installed-size", installedSize)
        record.add("provides", provides)
        for (field, text) in relations.sorted(by: { $0.key < $1.key }) { record.add("relation", field, text) }
        for unit in units {
            record.add(
                "unit", unit.name, unit.path, unit.isEnabled ? "yes" : "no", unit.isStarted ? "yes" : "no",
                unit.defaultInstance)
            for path in unit.dropIns { record.add("drop-in", unit.name, path) }
            for alias in unit.aliases { record.add("alias", unit.name, alias) }
            for wanted in unit.wants { record.add("unit-wants", unit.name, wanted) }
        }
        for (path, text) in writtenUnits.sorted(by: { $0.key < $1.key }) { record.add("written-unit", path, text) }
        for (key, reaches) in [("reach", reaches), ("order", orders)] {
            for reach in reaches { record.add(key, reach.path, reach.unit.description) }
        }
        record.add("also-instance", each: alsoInstances)
        record.add("start-instance", each: startedInstances)
        record.add("conffile", each: conffiles)
        for migration in migrations {
            record.add("migration", migration.kind.rawValue, migration.path, migration.other, migration.lastVersion)
        }
        record.add("sysusers", each: sysusers)
        record.add("tmpfiles", each: tmpfiles)
        record.add("manifest-user", each: manifestUsers)
        record.add("manifest-folder", each: manifestFolders)
        record.add("data-folder", each: dataFolders)
        for file in files {
            record.add("file-rule", fields: [file.path, file.owner, file.group, file.mode, file.source])
            for line in file.lines { record.add("file-line", file.path, line) }
        }
        provision.add(to: &record)
        if let health {
            record.add("health", fields: [health.user, "\(health.timeout.milliseconds)"] + health.command)
        }
        record.add("probation-time", probationTime)
        record.add("start-timeout", startTimeout)
        record.add("stop-timeout", stopTimeout)
        if let allowedRestarts { record.add("allowed-restarts", allowedRestarts) }
        if !source.isEmpty { record.add("source", source) }
        record.add("bus-policy", each: busPolicies)
        record.add("bus-name", each: busNames)
        for activation in busActivations { record.add("bus-activation", activation.name, activation.unit) }
        record.add("warning", each: warnings)
        record.add("mount", each: mounts)
        record.add(others)
        return record
    }

    static let keys = Set([
        "name", "version", "architecture", "description", "signer", "signer-authority", "signed-at", "content",
        "package-size",
        "installed-size",
        "provides", "relation", "written-unit",
        "unit", "drop-in", "alias", "reach", "order", "also-instance", "conffile", "migration", "sysusers", "tmpfiles",
        "manifest-user",
        "manifest-folder",
        "data-folder", "file-rule", "health", "probation-time", "start-timeout", "stop-timeout", "allowed-restarts",
        "warning", "mount", "source", "start-instance", "unit-wants", "file-line", "bus-policy", "bus-name",
        "bus-activation",
        Store.stagedAtKey,
    ]).union(HostProvision.keys)

    init(_ record: Record) throws(Corrupt) {
        self.init(name: record.string("name"), version: record.string("version"))
        guard PackageName.isValid(name), Store.isVersion(version) else { throw Corrupt("a wrong name or version") }
        architecture = record.string("architecture")
        description = record.string("description")
        signer = record.string("signer")
        authority = record.string("signer-authority")
        signedAt = record.integer("signed-at")
        content = record.string("content")
        packageSize = record.integer("package-size")
        installedSize = record.integer("installed-size")
        provides = record.string("provides")
        relations = Dictionary(
            record.all("relation").filter { $0.count == 2 }.map { ($0[0], $0[1]) }, uniquingKeysWith: { $1 })
        func values(_ key: String) -> [String: [String]] {
            Dictionary(grouping: record.all(key).filter { $0.count == 2 }) { $0[0] }.mapValues { $0.map { $0[1] } }
        }
        let (dropIns, aliases, wants) = (values("drop-in"), values("alias"), values("unit-wants"))
        units = record.all("unit").compactMap { fields in
            guard fields.count == 5 else { return nil }
            return ReleaseUnit(
                name: fields[0], path: fields[1], dropIns: dropIns[fields[0]] ?? [],
                isEnabled: fields[2] == "yes", isStarted: fields[3] == "yes", aliases: aliases[fields[0]] ?? [],
                defaultInstance: fields[4], wants: wants[fields[0]] ?? [])
        }
        writtenUnits = Dictionary(
            record.all("written-unit").filter { $0.count == 2 }.map { ($0[0], $0[1]) }, uniquingKeysWith: { $1 })
        func reaches(_ key: String) -> [UnitReach] {
            record.all(key).compactMap { fields in
                guard fields.count == 2 else { return nil }
                return UnitName(fields[1]).map { UnitReach(path: fields[0], unit: $0) }
            }
        }
        self.reaches = reaches("reach")
        orders = reaches("order")
        alsoInstances = record.strings("also-instance")
        startedInstances = record.strings("start-instance")
        conffiles = record.strings("conffile")
        migrations = try record.all("migration").map { (fields) throws(Corrupt) in
            // A rollback would leave out what is passed over.
            guard fields.count == 4, let kind = Migration.Kind(rawValue: fields[0]) else {
                throw Corrupt("a migration that this release does not know")
            }
            return Migration(kind, fields[1], fields[2], lastVersion: fields[3])
        }
        sysusers = record.strings("sysusers")
        tmpfiles = record.strings("tmpfiles")
        manifestUsers = record.strings("manifest-user")
        manifestFolders = record.strings("manifest-folder")
        dataFolders = record.strings("data-folder")
        let lines = values("file-line")
        files = record.all("file-rule").compactMap { fields in
            guard fields.count == 5 else { return nil }
            return FileRule(
                path: fields[0], owner: fields[1], group: fields[2], mode: fields[3], source: fields[4],
                lines: lines[fields[0]] ?? [])
        }
        provision = HostProvision(record)
        if let fields = record.fields("health"), fields.count >= 3 {
            health = HealthCommand(
                command: Array(fields[2...]), user: fields[0], timeout: .milliseconds(Int64(fields[1]) ?? 10000))
        }
        probationTime = record.duration("probation-time")
        startTimeout = record.duration("start-timeout")
        stopTimeout = record.duration("stop-timeout")
        allowedRestarts = record.optionalInteger("allowed-restarts")
        warnings = record.strings("warning")
        mounts = record.strings("mount")
        source = record.string("source")
        busPolicies = record.strings("bus-policy")
        busNames = record.strings("bus-name")
        busActivations = record.all("bus-activation").compactMap { fields in
            fields.count == 2 ? BusActivation(name: fields[0], unit: fields[1]) : nil
        }
        others = record.others(of: Self.keys)
    }
}
