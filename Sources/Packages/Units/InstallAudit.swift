/// Judges what enabling a unit would do beyond the package's own units.
///
/// `WantedBy=` may name any unit: a unit that wants another neither fails nor stops with it. `RequiredBy=` and `UpheldBy=` may
/// name targets and units of the package: a service of the host would be stopped by every update, or start the unit again
/// while it is exchanged.
struct InstallAudit: Sendable {
    let section: InstallSection
    let own: PackagedUnits
    /// Whether the unit has systemd's default dependencies.
    let isDefault: Bool

    private(set) var findings = FindingList()
    /// Other names of the unit. A template's alias that depends on the instance is here as a template.
    private(set) var aliases: [String] = []
    /// Instances of the package's templates that `Also=` enables.
    private(set) var alsoInstances: [String] = []
    /// Targets that want the unit and wait for it, and of which the host knows whether they are early.
    private(set) var orders: Set<UnitReach> = []

    init(_ section: InstallSection, own: PackagedUnits, isDefault: Bool) {
        self.section = section
        self.own = own
        self.isDefault = isDefault
        findings.add(
            section.unclear.lazy.map {
                Finding(.refused, .unsupported, $0.file, line: $0.line, "names of units are ASCII; correct the line")
            })
        for entry in section.entries {
            guard let why = refusal(of: entry) else { continue }
            findings.add(
                Finding(
                    .refused, .unsupported, entry.path, line: entry.line, "\(entry.key.rawValue)=\(entry.word): \(why)")
            )
        }
    }

    private mutating func refusal(of entry: InstallSection.Entry) -> String? {
        // systemd removes them in some keys and not in others.
        let special = entry.key == .also ? "\"'\\" : "\"'"
        if entry.word.contains(where: special.contains) {
            return "write the name without quotes and backslashes"
        }
        switch InstallSpecifiers(unit: section.unit).expand(entry.word) {
        case .unknown(let specifier):
            return "systemd does not expand '\(specifier)' here, or the host decides what it is; write the name out"
        case .ofInstance(let name): return refusal(ofAnyInstance: name, entry.key)
        case .name(let name):
            switch entry.key {
            case .alias: return refusal(ofAlias: name, entry.path)
            case .also: return refusal(ofAlso: name)
            case .wantedBy: return refusal(ofDependent: name, .wants, entry.path)
            case .requiredBy: return refusal(ofDependent: name, .requires, entry.path)
            case .upheldBy: return refusal(ofDependent: name, .upholds, entry.path)
            case .defaultInstance: return refusal(ofDefaultInstance: name)
            }
        }
    }

    private mutating func refusal(ofAlias text: String, _ path: String) -> String? {
        if text.contains("/") { return refusal(ofLink: text, path) }
        guard let name = UnitName(text) else { return Self.noName }
        guard name.type == section.unit.type, name.type.mayAlias else {
            return "a unit cannot have another name of the type '\(name.type.rawValue)'; remove it"
        }
        if name == section.unit { return nil }
        if let why = own.refusal(of: name) { return why }
        guard !own.names.contains(name) else { return "the package has a unit of that name; remove one of them" }
        aliases.append(text)
        return nil
    }

    /// `Alias=multi-user.target.wants/foo.service`, an old way to write `WantedBy=`.
    private mutating func refusal(ofLink text: String, _ path: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let folder = UnitFolder(parts[0]), case .unit(let name) = folder.subject,
            folder.kind != .dropIns, let unit = UnitName(parts[1]),
            unit == section.unit || unit.template == section.unit
        else { return "the link would not lead from a unit to this one; use WantedBy=" }
        return refusal(ofDependent: name.description, folder.kind, path)
    }

    private mutating func refusal(ofAlso text: String) -> String? {
        guard let name = UnitName(text) else { return Self.noName }
        if own.hold(name) {
            if !own.names.contains(name) { alsoInstances.append(text) }
            return nil
        }
        return
            "'\(name)' is not a unit of this package, and would stay enabled after the package's removal; remove it, and enable that unit by itself"
    }

    private mutating func refusal(ofDependent text: String, _ kind: UnitFolder.Kind, _ path: String) -> String? {
        guard let name = UnitName(text) else { return Self.noName }
        if name.isDashPrefix, !own.hold(name) {
            return
                "systemd applies it to every \(name.type.rawValue) whose name begins with '\(name.prefix)'; name one unit"
        }
        if own.hold(name) { return nil }
        if kind == .wants { return refusal(ofOrderBefore: name, path) }
        // Other targets are needed by all that runs, or by the boot. Devices are made by the kernel, and not stopped.
        let isHarmless = ["multi-user.target", "graphical.target"].contains(name.description) || name.type == .device
        if kind == .requires, isHarmless { return nil }
        return Self.binding(name, kind)
    }

    /// A target waits for what it wants, if both have systemd's default dependencies.
    private mutating func refusal(ofOrderBefore name: UnitName, _ path: String) -> String? {
        guard name.type == .target, isDefault else { return nil }
        switch BootOrder.verdict(section.unit.type, isDefault: true, before: name, isWanted: true) {
        case .allowed: return nil
        case .ofHost:
            orders.insert(UnitReach(path: path, unit: name))
            return nil
        case .refused(let why): return why
        }
    }

    private static func binding(_ name: UnitName, _ kind: UnitFolder.Kind) -> String {
        let effect =
            kind == .requires
            ? "'\(name)' would be stopped by every update of this package"
            : "'\(name)' would start the unit while it is being exchanged"
        return "\(effect); use WantedBy="
    }

    private func refusal(ofDefaultInstance text: String) -> String? {
        // Of others systemd takes no notice.
        guard section.unit.isTemplate else { return nil }
        return section.unit.instantiated(text) == nil ? "this is no valid instance; correct it" : nil
    }

    /// A name with the instance of a template elsewhere than behind the `@`: `dev-%i.device`.
    private func refusal(ofAnyInstance text: String, _ key: InstallSection.Key) -> String? {
        // Devices are made by the kernel: they may need the unit too.
        let names: [String] =
            switch key {
            case .wantedBy: [".device", ".target"]
            case .requiredBy: [".device"]
            case .alias: [".device.wants", ".device.requires", ".target.wants"]
            case .also, .upheldBy, .defaultInstance: []
            }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == (key == .alias ? 2 : 1), names.contains(where: { parts[0].hasSuffix($0) }) { return nil }
        return "the instance would decide which unit this is; write '%i' only behind an '@'"
    }

    private static let noName = "this is no name of a unit; correct it"
}
