import Testing

@testable import Deployment

/// The administrator decides per unit; what the package leaves off stays off.
@Suite struct UnitSelectionTests {
    private func release(_ units: ReleaseUnit...) -> ReleaseRecord {
        ReleaseRecord(name: "app", version: "1", units: units)
    }

    private func unit(_ name: String, _ isEnabled: Bool = true, _ isStarted: Bool = true, instance: String = "")
        -> ReleaseUnit
    {
        ReleaseUnit(
            name: name, path: "usr/\(name)", isEnabled: isEnabled, isStarted: isStarted, defaultInstance: instance)
    }

    private func link(_ unit: String, file: String? = nil) -> EnablementLink {
        EnablementLink(path: "x.target.wants/\(unit)", target: "/etc/systemd/system.attached/\(file ?? unit)")
    }

    private func past(_ release: ReleaseRecord, enabled: [EnablementLink], active: [String] = [], off: Set<String> = [])
        -> UnitSelection.Past
    {
        UnitSelection.Past(
            release: release, links: enabled, active: active, linkable: Set(release.units.map(\.name)), off: off)
    }

    @Test func activateTurnsOnWhatThePackageTurnsOn() {
        let release = release(unit("a.service"), unit("b.service", false, false), unit("c.service", false, true))
        let selection = UnitSelection(of: release, .yes, past: past(release, enabled: []))
        #expect(selection.enabled == ["a.service"])
        #expect(selection.started == ["a.service", "c.service"])
    }

    @Test func anUpdateLeavesOffWhatIsOff() {
        let old = release(unit("a.service"), unit("b.service"), unit("c.service"))
        let new = release(unit("a.service"), unit("b.service"), unit("c.service"), unit("new.service"))
        // b was disabled; c too, but runs.
        let past = past(old, enabled: [link("a.service")], active: ["a.service", "c.service"])
        let selection = UnitSelection(of: new, .restore, past: past)
        #expect(selection.enabled == ["a.service", "new.service"])
        #expect(selection.started == ["a.service", "c.service", "new.service"])
        #expect(past.turnedOff == ["b.service", "c.service"])
    }

    @Test func anUpdateOfWhatIsOffChangesNothing() {
        let release = release(unit("a.service"), unit("b.service"))
        #expect(UnitSelection(of: release, .restore, past: past(release, enabled: [])) == UnitSelection())
        let past = past(release, enabled: [link("a.service")], active: ["a.service"])
        #expect(UnitSelection(of: release, .no, past: past) == UnitSelection())
    }

    /// An administrator has enabled and started what the package leaves off.
    @Test func whatWasTurnedOnByHandStaysOn() {
        let release = release(unit("a.service"), unit("b.service", false, false))
        let past = past(
            release, enabled: [link("a.service"), link("b.service")], active: ["a.service", "b.service"])
        let selection = UnitSelection(of: release, .restore, past: past)
        #expect(selection.enabled == ["a.service", "b.service"])
        #expect(selection.started == ["a.service", "b.service"])
    }

    /// The package's new version turns on what the old one left off.
    @Test func thePackageMayChangeItsMind() {
        let old = release(unit("a.service"), unit("b.service", false, false))
        let new = release(unit("a.service"), unit("b.service"))
        let selection = UnitSelection(
            of: new, .restore, past: past(old, enabled: [link("a.service")], active: ["a.service"]))
        #expect(selection.enabled == ["a.service", "b.service"])
        #expect(selection.started == ["a.service", "b.service"])
    }

    @Test(arguments: [Activation.yes, .restore]) func maskedUnitsAreLeftAlone(_ activation: Activation) {
        let release = release(unit("a.service"), unit("b.service"), unit("t@.service", false, false))
        var past = past(
            release, enabled: [link("a.service"), link("b.service"), link("t@x.service", file: "t@.service")],
            active: ["a.service", "b.service", "t@x.service"])
        past.masked = ["b.service", "t@.service"]
        let selection = UnitSelection(of: release, activation, past: past)
        #expect(selection.enabled == ["a.service"])
        #expect(selection.started == ["a.service"])
    }

    /// Deactivate has removed all links; what was off before is remembered.
    @Test func activateLeavesOffWhatWasOffBefore() {
        let release = release(unit("a.service"), unit("b.service"))
        let selection = UnitSelection(of: release, .yes, past: past(release, enabled: [], off: ["b.service"]))
        #expect(selection.enabled == ["a.service"])
        #expect(selection.started == ["a.service"])
        // What is there now has the last word. While the package is off, what is not enabled says nothing.
        var now = past(release, enabled: [link("b.service")], off: ["b.service"])
        now.isOn = false
        #expect(UnitSelection(of: release, .yes, past: now).enabled == ["a.service", "b.service"])
        #expect(UnitSelection(of: release, .yes, past: now).started == ["a.service", "b.service"])
    }

    /// A unit that only enables others (`Also=`) has no links of its own and is not off.
    @Test func withoutLinksOfItsOwnAUnitIsNotOff() {
        let release = release(unit("a.service"), unit("a.socket"))
        var past = past(release, enabled: [link("a.socket")], active: ["a.socket"])
        past.linkable = ["a.socket"]
        let selection = UnitSelection(of: release, .yes, past: past)
        #expect(past.turnedOff == [])
        #expect(selection.started == ["a.socket", "a.service"], "sockets first")
    }

    @Test func instancesStayAsTheyAre() {
        let old = release(unit("a@.service", true, false, instance: "one"))
        let past = past(
            old, enabled: [link("a@one.service", file: "a@.service"), link("a@two.service", file: "a@.service")],
            active: ["a@two.service", "a@three.service"])
        let selection = UnitSelection(of: old, .restore, past: past)
        #expect(selection.enabled == ["a@.service", "a@two.service"])
        #expect(selection.started == ["a@one.service", "a@three.service", "a@two.service"])
    }

    /// What an administrator has enabled beyond the package's own is remembered, too.
    @Test func activateTurnsOnWhatWasOnBefore() {
        let release = release(unit("a.service"), unit("b.service", false, false), unit("t@.service", false, false))
        let links = [link("a.service"), link("b.service"), link("t@x.service", file: "t@.service")]
        let on = past(release, enabled: links).turnedOn
        #expect(on == ["b.service", "t@x.service"])
        var past = past(release, enabled: [])
        (past.isOn, past.on) = (false, on)
        let selection = UnitSelection(of: release, .yes, past: past)
        #expect(selection.enabled == ["a.service", "b.service", "t@x.service"])
        #expect(selection.started == ["a.service", "b.service", "t@x.service"])
    }

    /// Another instance than the default one is enabled: it is no instance of what is off.
    @Test func theDefaultInstanceMayBeOff() {
        let release = release(unit("a.service"), unit("t@.service", true, false, instance: "one"))
        let past = past(release, enabled: [link("a.service"), link("t@two.service", file: "t@.service")])
        #expect(past.turnedOff == ["t@one.service"])
        #expect(UnitSelection(of: release, .restore, past: past).enabled == ["a.service", "t@two.service"])
    }

    @Test func aNewDefaultInstanceTakesThePlaceOfTheOld() {
        let old = release(unit("t@.service", true, false, instance: "one"))
        let new = release(unit("t@.service", true, false, instance: "two"))
        let past = past(old, enabled: [link("t@one.service", file: "t@.service")], active: ["t@one.service"])
        let selection = UnitSelection(of: new, .restore, past: past)
        #expect(selection.enabled == ["t@.service"])
        #expect(selection.started == ["t@two.service"])
    }

    /// A unit that runs is started again, enabled or not; but not what a socket or timer starts.
    @Test func whatRunsIsStartedAgain() {
        let release = release(unit("a.service"), unit("b.service", false, false), unit("c.service", false, false))
        var past = past(release, enabled: [link("a.service")], active: ["a.service", "b.service", "c.service"])
        past.triggered = ["c.service"]
        #expect(UnitSelection(of: release, .restore, past: past).started == ["a.service", "b.service"])
    }

    /// A version without the unit lies between.
    @Test func whatWasOffStaysOffWhenItComesBack() {
        let old = release(unit("a.service"))
        let new = release(unit("a.service"), unit("b.service"))
        let past = past(old, enabled: [link("a.service")], active: ["a.service"], off: ["b.service"])
        #expect(past.turnedOff == ["b.service"])
        #expect(UnitSelection(of: new, .restore, past: past).enabled == ["a.service"])
        #expect(UnitSelection(of: new, .restore, past: past).started == ["a.service"])
    }

    // MARK: What the manifest chooses

    private func chosen(_ instances: String...) -> ReleaseRecord {
        var release = release(unit("a.service"), unit("t@.service", false, false))
        release.startedInstances = instances
        return release
    }

    @Test func instancesOfTheManifestAreEnabledAndStarted() {
        let release = chosen("t@one.service")
        let selection = UnitSelection(of: release, .yes, past: past(release, enabled: []))
        #expect(selection.enabled == ["a.service", "t@one.service"])
        #expect(selection.started == ["a.service", "t@one.service"])
        var masked = past(release, enabled: [])
        masked.masked = ["t@one.service"]
        #expect(UnitSelection(of: release, .yes, past: masked).started == ["a.service"])
    }

    /// An administrator has disabled one; another is new.
    @Test func anUpdateLeavesOffInstancesThatAreOff() {
        let (old, new) = (
            chosen("t@one.service", "t@two.service"), chosen("t@one.service", "t@two.service", "t@new.service")
        )
        let past = past(
            old, enabled: [link("a.service"), link("t@two.service", file: "t@.service")],
            active: ["a.service", "t@two.service"])
        let selection = UnitSelection(of: new, .restore, past: past)
        #expect(selection.enabled == ["a.service", "t@two.service", "t@new.service"])
        #expect(selection.started == ["a.service", "t@two.service", "t@new.service"])
        #expect(past.turnedOff == ["t@one.service"])
        let activated = UnitSelection(of: new, .yes, past: past)
        #expect(!activated.started.contains("t@one.service") && !activated.enabled.contains("t@one.service"))
    }

    /// Another version starts another instance: the one before was the package's choice, not an administrator's.
    @Test func anInstanceThatTheManifestNamesNoMoreGoes() {
        let (old, new) = (chosen("t@one.service"), chosen("t@two.service"))
        let past = past(
            old, enabled: [link("a.service"), link("t@one.service", file: "t@.service")],
            active: ["a.service", "t@one.service"])
        #expect(past.turnedOn == [])
        let selection = UnitSelection(of: new, .restore, past: past)
        #expect(selection.enabled == ["a.service", "t@two.service"])
        #expect(selection.started == ["a.service", "t@two.service"])
    }

    @Test func whatIsWantedMayWantMore() {
        let z = ReleaseUnit(name: "z.service", path: "usr/z", wants: ["a.service"])
        let a = ReleaseUnit(name: "a.service", path: "usr/a", isEnabled: false, isStarted: false, wants: ["b.service"])
        let release = release(a, unit("b.service", false, false), z)
        let selection = UnitSelection(of: release, .yes, past: past(release, enabled: []))
        #expect(Set(selection.started) == ["z.service", "a.service", "b.service"])
    }

    /// Those are watched like the unit that starts them.
    @Test func whatAUnitWantsIsStartedWithIt() {
        let master = ReleaseUnit(name: "m.service", path: "usr/m", wants: ["w.service", "t@x.service"])
        let release = release(master, unit("w.service", false, false), unit("t@.service", false, false))
        let selection = UnitSelection(of: release, .yes, past: past(release, enabled: []))
        #expect(selection.enabled == ["m.service"])
        #expect(selection.started == ["m.service", "w.service", "t@x.service"])
        let off = past(release, enabled: [], off: ["m.service"])
        var isOff = off
        isOff.isOn = false
        #expect(UnitSelection(of: release, .yes, past: isOff).started == [])
    }
}
