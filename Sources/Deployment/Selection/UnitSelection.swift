import Packages

/// Which units of a release are enabled and started.
///
/// The administrator decides per unit, and what Debian leaves off stays off, as with deb-systemd-helper(1p) and
/// deb-systemd-invoke(1p): an update enables and starts what was enabled or ran, and what is new; a unit that was disabled by
/// hand stays so, and one that is masked is neither enabled nor started.
struct UnitSelection: Hashable, Sendable {
    /// Units and instances to enable.
    var enabled: [String] = []
    /// Units and instances to start: those that start others first.
    var started: [String] = []

    /// What is known of the package's units before the deployment.
    struct Past: Hashable, Sendable {
        /// The release in place; nil without one.
        var release: ReleaseRecord?
        /// The links of its `[Install]` sections that are there. Those that were made by hand are not among them.
        var links: [EnablementLink] = []
        /// Units that were running, instances of templates too.
        var active: [String] = []
        /// Units that sockets, paths and timers start.
        var triggered: Set<String> = []
        /// Whether the package was active as a whole. While it is not, what is not enabled says nothing.
        var isOn = true
        /// Units whose `[Install]` sections make links.
        var linkable: Set<String> = []
        /// What was off, and what was on beyond what Activate enables, when the package was deactivated; and what is off of
        /// units that the release in place does not have.
        var off: Set<String> = []
        var on: Set<String> = []
        /// Units that the administrator has masked (`systemctl mask`).
        var masked: Set<String> = []

        /// Anything of the package was to run.
        var isActive: Bool { !links.isEmpty || !active.isEmpty }

        /// Whether a unit, or the default instance of a template, is enabled.
        func isEnabled(_ unit: ReleaseUnit) -> Bool {
            guard unit.isTemplate else { return links.contains { $0.file == unit.name } }
            return links.contains { $0.unit == unit.enabledName }
        }

        func isMasked(_ unit: String) -> Bool { masked.holds(unit: unit) }

        /// Units that the administrator has disabled: they are off though the package enables them, while others are on. Of
        /// a template it is the default instance.
        var turnedOff: Set<String> {
            guard isOn, !links.isEmpty, let release else {
                return off.filter { name in !links.contains { $0.unit == name || $0.file == name } }
            }
            let known = Set(release.units.compactMap(\.enabledName) + release.startedInstances)
            let disabled = release.units.filter {
                $0.mayBeEnabled && linkable.contains($0.name) && !isEnabled($0) && !isMasked($0.enabledName ?? "")
            }
            let instances = release.startedInstances.filter { name in
                !isMasked(name) && !links.contains { $0.unit == name }
            }
            return off.subtracting(known).union(disabled.compactMap(\.enabledName)).union(instances)
        }

        /// Units and instances that the administrator has enabled though the package leaves them off.
        var turnedOn: Set<String> {
            guard !links.isEmpty, let release else { return on }
            let units = release.units.filter { !$0.isTemplate && !$0.mayBeEnabled && isEnabled($0) }.map(\.name)
            return Set(units).union(links.map(\.unit).filter(release.hasTemplate)).subtracting(
                release.enabledInstances.union(release.startedInstances))
        }
    }

    init() {}

    /// - Parameters:
    ///   - release: the one that will be in place.
    ///   - activation: `.yes` for Activate, too.
    init(of release: ReleaseRecord, _ activation: Activation, past: Past) {
        guard activation == .yes || activation == .restore && past.isActive else { return }
        let off = past.turnedOff
        let known = Dictionary(
            (past.release?.units ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let enables = activation == .yes || !past.links.isEmpty
        var instances: Set<String> = []
        for unit in release.units where !past.isMasked(unit.name) {
            // A new version may have another default instance.
            let wasEnabled = past.isEnabled(known[unit.name] ?? unit) || past.on.contains(unit.name)
            if let name = unit.enabledName, enables, !past.isMasked(name) {
                // What the package itself left off until now is as new when it does no longer.
                let isNew = past.isOn && (known[unit.name].map { !$0.mayBeEnabled } ?? true)
                let isWanted = unit.mayBeEnabled && !off.contains(name) && (activation == .yes || isNew)
                if wasEnabled || isWanted {
                    enabled.append(unit.name)
                    if unit.isTemplate, wasEnabled { instances.insert(name) }
                }
            }
            guard !unit.isTemplate else { continue }
            // What an administrator has running is started again, but for what other units start by themselves.
            let ran = past.active.contains(unit.name) && (unit.isStarted || !past.triggered.contains(unit.name))
            // An enabled unit that had failed is started too: this release may fix it.
            let isDue =
                activation == .yes
                ? !off.contains(unit.name)
                : wasEnabled
                    || (past.isOn && !off.contains(unit.name) && (known[unit.name].map { !$0.isStarted } ?? true))
            if ran || (unit.isStarted && isDue) || (activation == .yes && past.on.contains(unit.name)) {
                started.append(unit.name)
            }
        }
        addInstances(of: release, past, instances, activation)
        addChosen(of: release, past, off, activation, enables: enables)
        started = Self.inOrder(started)
    }

    /// Instances that an administrator enabled, or that were running. Those that the release in place enabled by itself are
    /// enabled again only if this one does.
    ///
    /// - Parameter defaults: the default instances of templates that are enabled again.
    private mutating func addInstances(
        of release: ReleaseRecord, _ past: Past, _ defaults: Set<String>, _ activation: Activation
    ) {
        let chosen = Set(release.startedInstances)
        let before = (past.release?.enabledInstances ?? []).union(past.release?.startedInstances ?? [])
        let now = release.enabledInstances.union(chosen)
        func isOurs(_ name: String) -> Bool { release.hasTemplate(of: name) && !past.isMasked(name) }
        func stays(_ name: String) -> Bool { !before.contains(name) || now.contains(name) }
        let linked = Set(past.links.map(\.unit)).union(activation == .yes ? past.on : []).filter(isOurs)
        enabled += linked.subtracting(before.subtracting(chosen)).sorted()
        started += linked.union(past.active.filter(isOurs)).filter(stays).union(defaults).sorted()
    }

    /// Instances that the manifest starts, as units that the package enables; and what the manifest says that units start.
    private mutating func addChosen(
        of release: ReleaseRecord, _ past: Past, _ off: Set<String>, _ activation: Activation, enables: Bool
    ) {
        let before = past.release?.startedInstances ?? []
        for name in release.startedInstances where enables && !past.isMasked(name) && !off.contains(name) {
            let isNew = past.isOn && !before.contains(name)
            guard activation == .yes || isNew, !started.contains(name) else { continue }
            if !enabled.contains(name) { enabled.append(name) }
            started.append(name)
        }
        var wanting = started[...]
        while let name = wanting.popFirst() {
            let wants = release.units.first { $0.name == name }?.wants ?? []
            let new = wants.filter { !past.isMasked($0) && !started.contains($0) }
            started += new
            wanting += new
        }
    }

    /// Sockets, paths and timers before the services that they start: a socket does not start once its service runs.
    static func inOrder(_ units: [String]) -> [String] {
        func isTrigger(_ unit: String) -> Bool {
            [.socket, .path, .timer].contains(UnitName(unit)?.type)
        }
        return units.filter(isTrigger) + units.filter { !isTrigger($0) }
    }
}
