import Deployment
import EventLoop

/// Which packages are active, by systemd's word: it follows the signals of their units.
@LoopActor
final class PackageActivity {
    /// Told when a package became active or inactive.
    var changed: (@LoopActor (_ package: String) -> Void)?

    private let units: any UnitManager
    private var packages: [String: Entry] = [:]
    /// Packages whose units are being asked for, and who waits for the answers.
    private var asking = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    private struct Entry {
        var units: [String]
        /// It has units and starts none of them: others do.
        var isPassive = false
        var isActivated: Bool
        var statuses: [String: UnitStatus] = [:]
        var watch: (any Scheduled)?
        var isActive = false
    }

    init(units: any UnitManager) { self.units = units }

    func isActive(_ package: String) -> Bool { packages[package]?.isActive ?? false }

    /// Begins to follow a package's units; what systemd says of them comes later.
    func startFollowing(_ package: PackageStatus) {
        asking += 1
        LoopActor.spawn { [self] in
            await follow(package)
            asking -= 1
            guard asking == 0 else { return }
            let ready = waiting
            waiting = []
            for one in ready { one.resume() }
        }
    }

    /// Waits until systemd was heard of all packages that are being followed: before that `isActive` may be of the past.
    func settled() async {
        guard asking > 0 else { return }
        await withCheckedContinuation { waiting.append($0) }
    }

    /// Follows a package's units from now on, if it does not yet.
    func follow(_ package: PackageStatus) async {
        let others = package.units.filter { !$0.isTemplate }.map(\.name)
        let wanted = !package.isInstalled ? [] : package.startedUnits.isEmpty ? others : package.startedUnits
        let isPassive = package.startedUnits.isEmpty && !package.units.isEmpty
        if packages[package.name]?.units == wanted, packages[package.name]?.isPassive == isPassive {
            packages[package.name]?.isActivated = package.isActivated
            return judge(package.name)
        }
        let statuses = packages[package.name]?.statuses ?? [:]
        let wasActive = packages[package.name]?.isActive ?? false
        packages[package.name]?.watch?.cancel()
        packages[package.name] = Entry(
            units: wanted, isPassive: isPassive, isActivated: package.isInstalled && package.isActivated,
            statuses: statuses.filter { wanted.contains($0.key) },
            isActive: wasActive)
        guard !wanted.isEmpty else { return judge(package.name) }
        packages[package.name]?.watch = units.watch(wanted) { [weak self] status in
            self?.take([status], package.name)
        }
        // A unit that cannot be asked now tells itself by its next signal.
        if let present = try? await units.status(of: wanted) { take(present, package.name) }
    }

    /// Asks systemd for the state of all packages, after signals may have been missed.
    func refresh() async {
        for (name, entry) in packages where !entry.units.isEmpty {
            if let present = try? await units.status(of: entry.units) { take(present, name) }
        }
    }

    func forget(_ package: String) {
        packages[package]?.watch?.cancel()
        packages[package] = nil
    }

    private func take(_ statuses: [UnitStatus], _ package: String) {
        for status in statuses where packages[package]?.units.contains(status.unit) == true {
            packages[package]?.statuses[status.unit] = status
        }
        judge(package)
    }

    private func judge(_ package: String) {
        guard let entry = packages[package] else { return }
        let isActive = Self.isActive(entry)
        guard isActive != entry.isActive else { return }
        packages[package]?.isActive = isActive
        changed?(package)
    }

    /// Whether all units run that should, and there is one.
    private static func isActive(_ entry: Entry) -> Bool {
        var isAnyUp = false
        for unit in entry.units {
            guard let status = entry.statuses[unit] else { return false }
            if isUp(status, entry.isActivated) {
                isAnyUp = true
            } else if !entry.isPassive, shouldRun(status) {
                return false
            }
        }
        return isAnyUp
    }

    /// Not what the administrator has masked or disabled, nor what systemd skips for a condition in the unit's file.
    private static func shouldRun(_ status: UnitStatus) -> Bool {
        !status.wasSkipped && !["masked", "masked-runtime", "disabled"].contains(status.fileState)
    }

    private static func isUp(_ status: UnitStatus, _ isActivated: Bool) -> Bool {
        switch status.activeState {
        case .active, .reloading, .refreshing: return true
        // A oneshot service has done its work and is nothing to be seen of, whether it is switched on or off.
        case .inactive:
            return isActivated && status.isOneshot && status.conditionTimestamp > 0 && status.conditionsHold
                && status.assertsHold && status.result == "success"
        case .failed, .activating, .deactivating, .maintenance: return false
        }
    }
}
