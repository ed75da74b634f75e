/// Holds `[Units]` of a manifest against the package's units: a manifest starts nothing that is not the package's.
struct UnitChoiceAudit {
    let choice: UnitChoice
    let own: PackagedUnits
    let sections: [UnitName: InstallSection]

    /// What of the choice cannot be done.
    var findings: FindingList {
        var findings = FindingList()
        func refuse(_ key: String, _ name: String, _ why: String) {
            findings.add(Finding(.refused, .malformed, "_gkmanifest", "\(key)=: '\(name)' \(why)"))
        }
        for text in choice.started ?? [] {
            guard let name = UnitName(text), own.hold(name) else {
                refuse("Start", text, "is no unit of the package, and no instance of one; correct the name")
                continue
            }
            if !isEnabled(name, \.makesLinks) {
                refuse("Start", text, "has no [Install] section, so no boot would start it; use Wants= of another unit")
            }
        }
        for text in choice.enabled {
            guard let name = UnitName(text), own.names.contains(name) else {
                refuse(
                    "Enable", text, "is no unit file of the package; correct the name, or use Start= for an instance")
                continue
            }
            if !isEnabled(name) { refuse("Enable", text, "has no [Install] section; remove it from the manifest") }
        }
        for want in choice.wants {
            guard let unit = UnitName(want.unit), own.names.contains(unit) else {
                refuse("Wants", want.unit, "is no unit of the package; correct the name")
                continue
            }
            guard let wanted = UnitName(want.wanted), own.hold(wanted) else {
                refuse("Wants", want.wanted, "is no unit of the package, and no instance of one; correct the name")
                continue
            }
            if isEnabled(wanted) {
                refuse(
                    "Wants", want.wanted,
                    "has an [Install] section, by which an administrator decides on it; use Start=")
            }
        }
        return findings
    }

    /// Instances of the package's templates that are started.
    var instances: [String] {
        (choice.started ?? []).filter { name in UnitName(name).map { !own.names.contains($0) } ?? false }
    }

    /// What a unit starts.
    func wants(of unit: String) -> [String] { choice.wants.filter { $0.unit == unit }.map(\.wanted) }

    private func isEnabled(_ name: UnitName, _ how: (InstallSection) -> Bool = \.hasEffect) -> Bool {
        (sections[name] ?? name.template.flatMap { sections[$0] }).map(how) ?? false
    }
}
