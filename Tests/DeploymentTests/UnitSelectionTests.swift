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
        let selection = UnitSelection(
            of: new, .restore, past: past(old, enabled: [link("a.service")], active: ["a.service", "c.service"]))
        #expect(selection.enabled == ["a.service", "new.service"])
        #expect(selection.started == ["a.service", "c.service", "new.service"])
        #expect(selection.off == ["b.service", "c.service"])
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
        // What is there now has the last word.
        let now = past(release, enabled: [link("b.service")], off: ["b.service"])
        #expect(UnitSelection(of: release, .yes, past: now).enabled == ["b.service"])
    }

    /// A unit that only enables others (`Also=`) has no links of its own and is not off.
    @Test func withoutLinksOfItsOwnAUnitIsNotOff() {
        let release = release(unit("a.service"), unit("a.socket"))
        var past = past(release, enabled: [link("a.socket")], active: ["a.socket"])
        past.linkable = ["a.socket"]
        let selection = UnitSelection(of: release, .yes, past: past)
        #expect(selection.off == [])
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
}
