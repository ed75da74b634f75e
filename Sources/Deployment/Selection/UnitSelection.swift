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
    /// Units that the administrator has disabled while others of the package were enabled.
    var off: [String] = []

    /// What is known of the package's units before the deployment.
    struct Past: Hashable, Sendable {
        /// The release in place; nil without one.
        var release: ReleaseRecord?
        var links: [EnablementLink] = []
        /// Units that were running, instances of templates too.
        var active: [String] = []
        /// Units whose `[Install]` sections make links.
        var linkable: Set<String> = []
        /// Units that were off when the package was deactivated.
        var off: Set<String> = []
        /// Units that the administrator has masked (`systemctl mask`).
        var masked: Set<String> = []

        /// Anything of the package was to run.
        var isActive: Bool { !links.isEmpty || !active.isEmpty }

        /// Whether a unit, or the default instance of a template, is enabled.
        func isEnabled(_ unit: ReleaseUnit) -> Bool {
            guard unit.isTemplate else { return links.contains { $0.file == unit.name } }
            let instance = UnitName(unit.name)?.instantiated(unit.defaultInstance)
            return instance.map { name in links.contains { $0.unit == name.description } } ?? false
        }

        func isMasked(_ unit: String) -> Bool {
            masked.contains(unit) || UnitName(unit)?.template.map { masked.contains($0.description) } ?? false
        }

        /// Units of the release in place that are off though the package enables them, while others are on.
        var turnedOff: Set<String> {
            guard !links.isEmpty, let release else { return off }
            return Set(
                release.units.filter { $0.mayBeEnabled && linkable.contains($0.name) && !isEnabled($0) }.map(\.name))
        }
    }

    init() {}

    /// - Parameters:
    ///   - release: the one that will be in place.
    ///   - activation: `.yes` for Activate, too.
    init(of release: ReleaseRecord, _ activation: Activation, past: Past) {
        guard activation == .yes || activation == .restore && past.isActive else { return }
        let off = past.turnedOff
        self.off = off.sorted()
        let known = Dictionary(
            (past.release?.units ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let enables = activation == .yes || !past.links.isEmpty
        for unit in release.units where !past.isMasked(unit.name) {
            let wasEnabled = past.isEnabled(unit)
            // What the package itself left off until now is as new when it does no longer.
            let isWanted = unit.mayBeEnabled && !off.contains(unit.name)
            let isNew = known[unit.name].map { !$0.mayBeEnabled } ?? true
            if enables, wasEnabled || isWanted && (activation == .yes || isNew) {
                enabled.append(unit.name)
            }
            if !unit.isTemplate, starts(unit, known[unit.name], activation, wasEnabled, past) {
                started.append(unit.name)
            }
        }
        addInstances(of: release, past)
        started = Self.inOrder(started)
    }

    private func starts(
        _ unit: ReleaseUnit, _ old: ReleaseUnit?, _ activation: Activation, _ wasEnabled: Bool, _ past: Past
    ) -> Bool {
        // What an administrator has running is started again, but for what other units start by themselves.
        if past.active.contains(unit.name), unit.isStarted || wasEnabled { return true }
        guard unit.isStarted else { return false }
        if activation == .yes { return !off.contains(unit.name) }
        // An enabled unit that had failed is started too: this release may fix it.
        return wasEnabled || old.map { !$0.isStarted } ?? true
    }

    /// Instances that an administrator enabled, or that were running. Those that the release in place enabled by itself are
    /// enabled again only if this one does.
    private mutating func addInstances(of release: ReleaseRecord, _ past: Past) {
        func isOurs(_ name: String) -> Bool { release.hasTemplate(of: name) && !past.isMasked(name) }
        let linked = Set(past.links.map(\.unit).filter(isOurs))
        enabled += linked.subtracting(past.release?.enabledInstances ?? []).sorted()
        started += linked.union(past.active.filter(isOurs)).sorted()
    }

    /// Sockets, paths and timers before the services that they start: a socket does not start once its service runs.
    static func inOrder(_ units: [String]) -> [String] {
        func isTrigger(_ unit: String) -> Bool {
            [.socket, .path, .timer].contains(UnitName(unit)?.type)
        }
        return units.filter(isTrigger) + units.filter { !isTrigger($0) }
    }
}
