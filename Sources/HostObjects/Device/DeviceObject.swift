import EventLoop
import LwM2M
import LwM2MClient
import Linux

/// Object 3, Device: the host as it is. What it lacks is absent.
@LoopActor
public final class DeviceObject: Object {
    /// Does work once the answer that is being given has left and was acknowledged.
    public typealias AfterAnswer = @LoopActor (_ work: @escaping @Sendable @LoopActor () async -> Void) -> Void

    public let definition = ObjectDefinition.device
    public let instances: [UInt16] = [0]
    public weak var changes: (any ObjectChanges)?

    /// Is told when a reboot that was answered with success did not come about; for the log.
    public var rebootFailed: (@LoopActor (HostControlError) -> Void)?

    let control: any HostControl
    let clock: any WallClock
    let zones: TimeZones
    private let files: HostFiles
    let scheduler: any Scheduler
    private let afterAnswer: AfterAnswer
    private let agentVersion: String
    private var settings: DeviceSettings
    private var hardware: HardwareIdentity
    private var softwareVersion: String
    private var power = Power()
    private var errors = ErrorCodes()
    private var reported: Set<DeviceError> = []
    private var lookedAt: Duration?
    private var rebooting = false

    /// - Parameters:
    ///   - agentVersion: of Gatekeel; part of Software Version (19), which is never empty: servers take a device whose
    ///     object 9 is empty for one that manages no software otherwise.
    ///   - afterAnswer: how Reboot waits for its answer to leave.
    public init(
        settings: DeviceSettings, agentVersion: String, files: HostFiles = HostFiles(), control: any HostControl,
        clock: any WallClock = SystemWallClock(), scheduler: any Scheduler, afterAnswer: @escaping AfterAnswer
    ) {
        self.settings = settings
        self.agentVersion = agentVersion
        self.files = files
        self.control = control
        self.clock = clock
        self.scheduler = scheduler
        self.afterAnswer = afterAnswer
        zones = TimeZones(files: files)
        hardware = HardwareIdentity(reading: files)
        softwareVersion = Self.softwareVersion(files, agentVersion)
        look()
    }

    private static func softwareVersion(_ files: HostFiles, _ agentVersion: String) -> String {
        [OperatingSystem(reading: files).name, "gatekeel \(agentVersion)"].compactMap { $0 }.joined(separator: ", ")
    }

    // MARK: What comes from outside

    /// A new configuration.
    public func reload(_ settings: DeviceSettings) {
        let before = snapshot
        self.settings = settings
        softwareVersion = Self.softwareVersion(files, agentVersion)
        announce(from: before)
    }

    /// The serial number of DMI, which root alone may read; empty when the hardware has none.
    public func hardwareSerial(_ serial: String) {
        let before = snapshot
        if let serial = DMIText.meaningful(serial), !serial.isEmpty { hardware.serial = serial }
        announce(from: before)
    }

    /// An error condition that others watch appeared or is gone: no route, a broken modem.
    public func report(_ error: DeviceError, _ isPresent: Bool) {
        if isPresent { reported.insert(error) } else { reported.remove(error) }
        if errors.set(error, isPresent) { changes?.changed(Path(3, 0, 11)) }
    }

    private var snapshot: [UInt16: ResourceContent] {
        var result: [UInt16: ResourceContent] = [:]
        for id in [0, 1, 2, 17, 18, 19] as [UInt16] { result[id] = content(id) }
        return result
    }

    private func announce(from before: [UInt16: ResourceContent]) {
        let now = snapshot
        for id in [0, 1, 2, 17, 18, 19] as [UInt16] where before[id] != now[id] { changes?.changed(Path(3, 0, id)) }
    }

    // MARK: Versions

    public func definition(in version: EnablerVersion) -> ObjectDefinition { .device(in: version) }

    /// A server of LwM2M 1.0 knows Error Code (11) up to 8. If only codes of this device's own are there, it reads 0.
    public func content(
        _ content: ResourceContent, of resource: UInt16, in version: EnablerVersion
    ) -> ResourceContent {
        guard version == .v10, resource == 11, case .multiple(let values) = content else { return content }
        let known = values.filter { ($0.value.number ?? 0) < Double(DeviceError.firstOfDevice) }
        return .multiple(known.isEmpty ? [0: .integer(0)] : known)
    }

    // MARK: Reading

    public func resources(of instance: UInt16) -> [UInt16] {
        look()
        return definition.resources.map(\.id).filter(isPresent)
    }

    public func has(_ resource: UInt16, in instance: UInt16) -> Bool {
        look()
        return isPresent(resource)
    }

    private func isPresent(_ resource: UInt16) -> Bool {
        definition[resource]?.operations == .execute || content(resource) != nil
    }

    public func read(_ instance: UInt16, _ resource: UInt16) throws(OperationError) -> ResourceContent {
        look()
        guard let content = content(resource) else {
            throw OperationError(.notFound, "this host has no \(definition[resource]?.name ?? "such resource")")
        }
        return content
    }

    private func content(_ resource: UInt16) -> ResourceContent? {
        switch resource {
        case 0: text(settings.manufacturer ?? hardware.manufacturer)
        case 1: text(settings.modelNumber ?? hardware.model)
        case 2: text(settings.serialNumber ?? hardware.serial)
        case 3: text(hardware.firmwareVersion)
        case 6: several(power.sources)
        case 7: several(power.millivolts)
        case 8: several(power.milliamperes)
        case 9: power.batteryLevel.map { .single(.integer($0)) }
        case 10: storage.map { .single(.integer(Int64($0.bytes / 1000))) }
        case 11: several(errors.values)
        case 13: .single(.time(clock.now))
        case 14: text(TimeZones.text(offset: clock.utcOffset(at: clock.now)))
        case 15: text(zones.current)
        case 16: text("U")
        case 17: text(settings.deviceType)
        case 18: text(settings.hardwareVersion ?? hardware.hardwareVersion)
        case 19: text(softwareVersion)
        case 20: power.batteryStatus.map { .single(.integer($0)) }
        case 21: storage.map { .single(.integer(Int64($0.totalBytes / 1000))) }
        default: nil
        }
    }

    private var storage: (bytes: Int, totalBytes: Int)? {
        files.space(at: settings.storagePath).map { ($0.bytes, $0.totalBytes) }
    }

    private nonisolated func text(_ text: String?) -> ResourceContent? { text.map { .single(.string($0)) } }

    private nonisolated func several(_ values: [UInt16: Int64]) -> ResourceContent? {
        values.isEmpty ? nil : .multiple(values.mapValues(Value.integer))
    }

    /// Looks at what changes without a word, at most once a second: reading the whole object is one look.
    private func look() {
        if let lookedAt, scheduler.now - lookedAt < .seconds(1) { return }
        lookedAt = scheduler.now
        power.update(PowerSupply.all(files))
        for (error, isPresent) in [
            (DeviceError.lowBattery, power.isBatteryLow), (.externalPowerOff, power.isExternalPowerOff),
            (.outOfMemory, Memory(reading: files)?.isShort ?? false),
        ] {
            _ = errors.set(error, isPresent || reported.contains(error))
        }
    }

    /// Current Time passes without being a change: it is sent when it is set, or when `pmax`, a
    /// threshold or a step asks for it.
    public func passes(_ resource: UInt16) -> Bool { resource == 13 }

    public func samplingInterval(_ instance: UInt16, _ resource: UInt16) -> Duration? {
        switch resource {
        case 6, 7, 8, 9, 11, 20: .seconds(30)
        case 10, 14, 15, 21: .seconds(60)
        default: nil
        }
    }

    // MARK: Executing

    public func execute(
        _ instance: UInt16, _ resource: UInt16, _ arguments: [ExecuteArgument]
    ) async throws(OperationError) {
        switch resource {
        case 4: try await reboot()
        case 12:
            errors.reset()
            lookedAt = nil
            look()
            changes?.changed(Path(3, 0, 11))
        default: throw OperationError(.methodNotAllowed, "resource \(resource) is not executed")
        }
    }

    /// The answer leaves first: a server that hears nothing would ask again, and the gateway reboot again.
    private func reboot() async throws(OperationError) {
        guard !rebooting else { return }
        try await host { () throws(HostControlError) in try await control.checkReboot() }
        guard !rebooting else { return }
        rebooting = true
        afterAnswer { [weak self] in
            guard let self else { return }
            do throws(HostControlError) {
                try await self.control.reboot()
            } catch {
                self.rebootFailed?(error)
            }
            self.rebooting = false
        }
    }
}
