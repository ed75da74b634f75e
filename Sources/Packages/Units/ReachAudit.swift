import Configuration

/// Finds the units that a package's unit names and that are not the package's, as far as it would change them or is ordered
/// before them.
///
/// What only starts or stops another unit with this one (`Wants=`, `Conflicts=`, `OnFailure=`, `Unit=` of a timer), makes this
/// one follow another (`PartOf=`, `BindsTo=`, `After=`, `StopPropagatedFrom=`) or puts it into a slice is not judged: the other
/// unit stays what it is, as with dpkg. But nothing of a package starts what ends the boot (`ReservedUnits`), or stops what
/// Gatekeel needs.
struct ReachAudit {
    private let unit: PackagedUnit
    private let own: PackagedUnits

    private(set) var findings = FindingList()
    /// Units that would be changed.
    private(set) var reaches: Set<UnitReach> = []
    /// Units that it is ordered before, and of which the host knows whether they start early.
    private(set) var orders: Set<UnitReach> = []

    private enum Effect {
        case changes, isBefore
        /// It starts the other one, before which it is ordered: a timer or path unit.
        case triggers
        case starts, stops
        /// It follows the other one, or is reloaded with it.
        case follows
    }

    /// The keys of `systemd.unit(5)`, `systemd.service(5)`, `systemd.socket(5)`, `systemd.timer(5)` and `systemd.path(5)` that
    /// name other units. systemd resets none of them but `Unit=`, and nothing that was assigned may be harmful.
    private static let keys: [String: [String: Effect]] = [
        "Unit": [
            "Before": .isBefore, "PropagatesStopTo": .changes, "JoinsNamespaceOf": .changes, "Upholds": .changes,
            "Wants": .starts, "Requires": .starts, "RequiresOverridable": .starts, "Requisite": .starts,
            "RequisiteOverridable": .starts, "BindsTo": .starts, "BindTo": .starts, "OnFailure": .starts,
            "OnSuccess": .starts, "Conflicts": .stops, "PartOf": .follows, "StopPropagatedFrom": .follows,
            "PropagatesReloadTo": .follows, "PropagateReloadTo": .follows, "ReloadPropagatedFrom": .follows,
            "PropagateReloadFrom": .follows,
        ],
        "Service": ["Sockets": .changes], "Socket": ["Service": .changes],
        "Timer": ["Unit": .triggers], "Path": ["Unit": .triggers],
    ]

    init(_ unit: PackagedUnit, own: PackagedUnits) {
        self.unit = unit
        self.own = own
        for file in unit.files {
            for section in file.document.sections {
                guard let keys = Self.keys[section.header] else { continue }
                for entry in section.entries {
                    guard let effect = keys[entry.key] else { continue }
                    for word in entry.value.split(whereSeparator: \.isWhitespace) {
                        judge(String(word), effect, file.path, entry)
                    }
                }
            }
        }
        guard unit.hasDefaultTrigger else { return }
        for name in unit.triggers.compactMap({ UnitName($0) }) {
            consider(name, unit.type == .socket ? .changes : .triggers, unit.path, 0, "it starts '\(name)'")
        }
    }

    private mutating func judge(_ word: String, _ effect: Effect, _ path: String, _ entry: IniEntry) {
        let setting = "\(entry.key)=\(word)"
        func refuse(_ text: String) {
            findings.add(Finding(.refused, .unsupported, path, line: entry.position.line, "\(setting): \(text)"))
        }
        if word.contains(where: { $0 == "\"" || $0 == "'" }) { return refuse("write the name without quotes") }
        // Units of instances, `BindsTo=dev-%i.device`, are what they are for.
        if [.starts, .stops, .follows].contains(effect) {
            if let why = ReservedUnits.refusal(
                word, of: unit.name, effect == .starts ? .started : effect == .stops ? .stopped : .named)
            {
                refuse(why)
            }
            return
        }
        switch InstallSpecifiers(unit: unit.name).expand(word) {
        case .name(let text):
            if let name = UnitName(text) {
                consider(name, effect, path, entry.position.line, setting)
            } else if entry.key == "Service" || entry.key == "Unit" {
                refuse("this is no name of a unit; write the name out")
            }
        // Of other lists systemd leaves out what is no name.
        case .ofInstance, .unknown:
            refuse("the instance or the host decides which unit this is; write the name out")
        }
    }

    private mutating func consider(_ name: UnitName, _ effect: Effect, _ path: String, _ line: Int, _ what: String) {
        func refuse(_ why: String) {
            findings.add(Finding(.refused, .unsupported, path, line: line, "\(what): \(why)"))
        }
        let relation: ReservedUnits.Relation = effect == .isBefore ? .named : .started
        if let why = ReservedUnits.refusal(name.description, of: unit.name, relation) { return refuse(why) }
        if own.hold(name) {
            if effect == .isBefore, unit.isDefault,
                let why = BootOrder.refusal(unit.type, before: name, isWanted: false)
            {
                refuse(why)
            }
            return
        }
        guard effect != .changes else {
            // They have no files by which the host could be asked for them: sessions, users, devices.
            guard UnitType.packaged.contains(name.type) else {
                return refuse("a package changes only units of its own; remove '\(name)' from the list")
            }
            reaches.insert(UnitReach(path: path, unit: name))
            return
        }
        // A timer or path unit is ordered before what it starts.
        switch BootOrder.verdict(unit.type, isDefault: unit.isDefault, before: name, isWanted: false) {
        case .allowed: break
        case .ofHost: orders.insert(UnitReach(path: path, unit: name))
        case .refused(let why): refuse(why)
        }
    }
}
