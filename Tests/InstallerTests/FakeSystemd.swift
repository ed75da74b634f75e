import Bus
import EventLoop

@testable import Installer

/// systemd's manager and units on a private bus, as far as the daemon talks to it. Units do what a test says.
@LoopActor
final class FakeSystemd {
    private(set) var calls: [String] = []
    /// What a member is answered with instead of success.
    var failures: [String: BusError] = [:]
    /// Only the next call fails.
    var failsOnce = false
    /// What a transient unit's properties are when it has ended; nil leaves it running.
    var transientEnd: [String: BusValue]? = ["Result": .string("success"), "ActiveState": .string("inactive")]
    /// A transient unit of before, and how often it must be stopped until it is gone.
    var leftOver: (name: String, stops: Int)?
    private(set) var transientProperties: [String: BusValue] = [:]

    private let connection: BusConnection
    private let manager = BusObject(path: SystemdObject.path)
    private var units: [String: FakeUnit] = [:]

    init(_ address: String) async throws {
        connection = try BusConnection.open(address: address)
        manager.add(
            Self.interface, methods: methods(), properties: ["DefaultTimeoutStopUSec": { .uint64(90_000_000) }])
        try connection.export(manager)
        try await connection.requestName(SystemdObject.name)
    }

    /// Makes a unit known, or sets its properties without a word.
    @discardableResult
    func unit(_ name: String, _ properties: [String: BusValue] = [:]) throws -> FakeUnit {
        let unit = units[name] ?? FakeUnit(name)
        if units[name] == nil {
            try connection.export(unit.object)
            units[name] = unit
        }
        unit.values.merge(properties) { _, new in new }
        return unit
    }

    /// Somebody enabled or disabled units.
    func changeFiles() { manager.emit(Self.interface, "UnitFilesChanged", []) }

    func close() { connection.close() }

    private func record(_ call: BusCall) throws(BusError) {
        let arguments = call.arguments.map { $0.text ?? $0.strings?.joined(separator: ",") ?? "" }
        calls.append(([call.member] + arguments).joined(separator: " "))
        if let failure = failures[call.member] {
            if failsOnce { failures[call.member] = nil }
            throw failure
        }
    }

    private func methods() -> [String: BusObject.Handler] {
        let job = [BusValue.objectPath("/org/freedesktop/systemd1/job/1")]
        let changes = [BusValue.array(of: "(sss)", [])]
        func simple(_ answer: [BusValue]) -> BusObject.Handler {
            { [unowned self] call throws(BusError) in
                try record(call)
                return answer
            }
        }
        return [
            "Subscribe": simple([]), "StartUnit": simple(job),
            "StopUnit": { [unowned self] call throws(BusError) in
                try record(call)
                if let left = leftOver, left.name == call.arguments[0].text {
                    leftOver = left.stops > 1 ? (left.name, left.stops - 1) : nil
                }
                return job
            },
            "GetUnit": { [unowned self] call throws(BusError) in
                try record(call)
                guard let name = call.arguments[0].text, leftOver?.name == name else {
                    throw BusError("org.freedesktop.systemd1.NoSuchUnit", "not loaded")
                }
                return [.objectPath(SystemdObject.path(of: name))]
            },
            "KillUnit": simple([]),
            "ResetFailedUnit": simple([]), "EnableUnitFiles": simple([.bool(true)] + changes),
            "DisableUnitFiles": simple(changes), "Reload": simple([]),
            "ListUnitsByPatterns": { [unowned self] call throws(BusError) in
                try record(call)
                let root = BusValue.objectPath("/")
                let rows = units.keys.sorted().map { name -> BusValue in
                    .structure([
                        .string(name), .string(""), .string("loaded"), .string("active"), .string("running"),
                        .string(""),
                        root, .uint32(0), .string(""), root,
                    ])
                }
                return [.array(of: "(ssssssouso)", rows)]
            },
            "StartTransientUnit": { [unowned self] call throws(BusError) in
                try record(call)
                if let leftOver, leftOver.name == call.arguments[0].text {
                    throw BusError("org.freedesktop.systemd1.UnitExists", "it was loaded already")
                }
                try startTransient(call.arguments[0].text ?? "", call.arguments[2])
                return job
            },
        ]
    }

    private func startTransient(_ name: String, _ properties: BusValue) throws(BusError) {
        for pair in properties.elements ?? [] {
            if let pair = pair.elements, pair.count == 2 { transientProperties[pair[0].text ?? ""] = pair[1].opened }
        }
        let unit: FakeUnit
        do { unit = try self.unit(name, ["ActiveState": .string("inactive")]) } catch {
            throw BusError(BusError.failed, "\(error)")
        }
        let job = BusValue.structure([.uint32(1), .objectPath("/org/freedesktop/systemd1/job/1")])
        let none = BusValue.structure([.uint32(0), .objectPath("/")])
        // As systemd does: queued, started, ended, each told.
        unit.change(["Job": job])
        unit.change(["ActiveState": .string("activating"), "InactiveExitTimestampMonotonic": .uint64(5), "Job": job])
        guard let transientEnd else { return }
        unit.change(transientEnd.merging(["Job": none]) { _, new in new })
        manager.emit(
            Self.interface, "JobRemoved",
            [
                .uint32(1), .objectPath("/org/freedesktop/systemd1/job/1"), .string(name),
                .string(transientEnd["Result"] == .string("success") ? "done" : "failed"),
            ])
    }

    static let interface = BusInterface(
        SystemdObject.manager, "",
        methods: [
            .init("Subscribe", ""),
            .init("StartUnit", "", inputs: [.init("n", "s"), .init("m", "s")], outputs: [.init("j", "o")]),
            .init("StopUnit", "", inputs: [.init("n", "s"), .init("m", "s")], outputs: [.init("j", "o")]),
            .init("GetUnit", "", inputs: [.init("n", "s")], outputs: [.init("u", "o")]),
            .init("KillUnit", "", inputs: [.init("n", "s"), .init("w", "s"), .init("s", "i")]),
            .init("ResetFailedUnit", "", inputs: [.init("n", "s")]),
            .init(
                "EnableUnitFiles", "", inputs: [.init("f", "as"), .init("r", "b"), .init("o", "b")],
                outputs: [.init("i", "b"), .init("c", "a(sss)")]),
            .init(
                "DisableUnitFiles", "", inputs: [.init("f", "as"), .init("r", "b")], outputs: [.init("c", "a(sss)")]),
            .init("Reload", ""),
            .init(
                "ListUnitsByPatterns", "", inputs: [.init("s", "as"), .init("p", "as")],
                outputs: [.init("u", "a(ssssssouso)")]),
            .init(
                "StartTransientUnit", "",
                inputs: [.init("n", "s"), .init("m", "s"), .init("p", "a(sv)"), .init("a", "a(sa(sv))")],
                outputs: [.init("j", "o")]),
        ],
        signals: [
            .init("UnitFilesChanged", ""), .init("Reloading", "", arguments: [.init("active", "b")]),
            .init(
                "JobRemoved", "",
                arguments: [.init("id", "u"), .init("job", "o"), .init("unit", "s"), .init("result", "s")]),
        ],
        properties: [.init("DefaultTimeoutStopUSec", "t", "")])
}

/// One unit of the fake: properties of both interfaces in one dictionary.
@LoopActor
final class FakeUnit {
    let object: BusObject
    var values: [String: BusValue] = [
        "ActiveState": .string("inactive"), "SubState": .string("dead"), "ConditionResult": .bool(false),
        "AssertResult": .bool(false), "ConditionTimestampMonotonic": .uint64(0),
        "InactiveExitTimestampMonotonic": .uint64(0),
        "Job": .structure([.uint32(0), .objectPath("/")]), "Result": .string("success"), "NRestarts": .uint32(0),
        "ExecMainCode": .int32(0), "ExecMainStatus": .int32(0), "Type": .string("simple"), "ExecStop": commands(),
        "ExecStopPost": commands(), "UnitFileState": .string("enabled"), "TriggeredBy": .strings([]),
        "TimeoutStopUSec": .uint64(.max), "Accept": .bool(false),
    ]

    /// Of `ExecStart=` and its like.
    static func commands(_ paths: String...) -> BusValue {
        .array(
            of: "(sasbttttuii)",
            paths.map {
                .structure(
                    [.string($0), .strings([$0]), .bool(false)] + Array(repeating: .uint64(0), count: 4)
                        + [.uint32(0), .int32(0), .int32(0)])
            })
    }

    private static let general = [
        "ActiveState": "s", "SubState": "s", "ConditionResult": "b", "AssertResult": "b",
        "ConditionTimestampMonotonic": "t", "InactiveExitTimestampMonotonic": "t", "Job": "(uo)",
    ]
    /// systemd does not tell when these change.
    private static let untold = ["UnitFileState": "s", "TriggeredBy": "as"]
    private static let own = [
        "TimeoutStopUSec": "t", "Accept": "b", "Result": "s", "NRestarts": "u", "ExecMainCode": "i",
        "ExecMainStatus": "i", "Type": "s",
        "ExecStop": "a(sasbttttuii)", "ExecStopPost": "a(sasbttttuii)",
    ]

    init(_ name: String) {
        object = BusObject(path: SystemdObject.path(of: name))
        for (interface, table) in [
            (Self.unit, Self.general.merging(Self.untold) { first, _ in first }), (Self.service, Self.own),
        ] {
            var getters: [String: BusObject.Getter] = [:]
            for key in table.keys { getters[key] = { [unowned self] in values[key] ?? .bool(false) } }
            object.add(interface, properties: getters)
        }
    }

    /// Changes properties and tells it as systemd does: first the type's own, then the general ones, all that may change.
    func change(_ properties: [String: BusValue]) {
        values.merge(properties) { _, new in new }
        object.changed(Self.service, ["Result", "NRestarts", "ExecMainCode", "ExecMainStatus"])
        object.changed(Self.unit, Array(Self.general.keys))
    }

    private static let unit = BusInterface(
        SystemdObject.unit, "",
        properties: general.merging(untold) { first, _ in first }.map { .init($0.key, $0.value, "") })
    private static let service = BusInterface(
        "org.freedesktop.systemd1.Service", "", properties: own.map { .init($0.key, $0.value, "") })
}
