import Bus
import Contract
import Deployment
import EventLoop
import Journal
import Linux
import Packages

/// `org.gatekeel.Installer1` around the pipeline: who may, what is told, what the journal says.
@LoopActor
public final class InstallerService {
    /// The object to export.
    public let object = BusObject(path: Installer1.path)
    /// Who may do what.
    public var access: CallerPolicy
    /// Certificates for `Keyring`.
    public var keyring: @LoopActor () async throws -> [CertificateInfo]

    /// Whether the configuration in use is an earlier one, because the files have errors.
    public var isConfigurationRefused = false {
        didSet {
            if isConfigurationRefused != oldValue { object.changed(Installer1.interface, ["ConfigurationRefused"]) }
        }
    }

    /// Why the store is not open; nil when it is. Until then nothing is known of the packages: an answer would be taken for
    /// the truth, so every call is refused.
    public var storeProblem: String? {
        didSet { if storeProblem != oldValue { object.changed(Installer1.interface, ["StoreProblem", "Busy"]) } }
    }

    private let engine: any Deployments
    private let units: any UnitManager
    private let activity: PackageActivity
    /// Follows what becomes of unit files.
    private var files: (any Scheduled)?
    private var mustRefresh = false
    private var isRefreshing = false
    /// Called when a deployment has ended: whether the host fits the packages is to be looked at, but not at once, for that takes
    /// the worker's time from what comes next.
    public var hostChanged: (@LoopActor () -> Void)?
    private var mustLook = false
    private var isLooking = false
    /// What of the host does not fit any more, by package.
    private var problems: [String: [String]] = [:]
    private let version: String
    private var wasBusy = false
    /// Copies under way: each holds a file of the caller's until its deadline.
    private var stagings = 0
    private let maxStagings = 2

    public init(
        engine: any Deployments, units: any UnitManager, access: CallerPolicy, version: String,
        keyring: @escaping @LoopActor () async throws -> [CertificateInfo]
    ) {
        self.engine = engine
        self.access = access
        self.version = version
        self.keyring = keyring
        self.units = units
        activity = PackageActivity(units: units)
        activity.changed = { [weak self] name in self?.activityChanged(name) }
        engine.observer = self
        object.authorize = { [weak self] call, changes throws(BusError) in
            // Exported for a moment longer than the service lives: nobody can be checked any more.
            guard let self else { throw ContractError(.accessDenied, "gatekeel-installd is stopping").busError }
            _ = try await self.authorize(call, changes: changes)
            if let problem = self.storeProblem, Self.needsStore.contains(call.member) {
                throw ContractError(
                    .unavailable, "the store cannot be opened, and gatekeel-installd tries again: \(problem)"
                ).busError
            }
        }
        object.add(Installer1.interface, methods: methods(), properties: properties())
    }

    /// Follows the units of the packages that are there. Call it once the store is open, before the name is taken.
    public func start() async {
        for package in engine.packages() { await activity.follow(package) }
        files = units.watchFiles { [weak self] in self?.refresh() }
        ServiceManager.status(statusLine)
    }

    /// Asks systemd and looks at the links anew: after systemd was not to be heard for a while, after somebody enabled or
    /// disabled units, and after a deployment, whose own changes are not looked at while it runs.
    public func refresh() {
        mustRefresh = true
        guard !isRefreshing, engine.running == nil else { return }
        isRefreshing = true
        LoopActor.spawn { [weak self] in
            while let self, self.mustRefresh, self.engine.running == nil {
                self.mustRefresh = false
                for package in self.engine.packages() { await self.engine.refresh(package.name) }
                await self.activity.refresh()
            }
            self?.isRefreshing = false
        }
    }

    /// Looks whether the host still fits the packages: at the start, and a while after dpkg or a deployment has
    /// changed it.
    public func lookAtHost() {
        mustLook = true
        guard !isLooking, engine.running == nil else { return }
        isLooking = true
        LoopActor.spawn { [weak self] in
            while let self, self.mustLook, self.engine.running == nil {
                self.mustLook = false
                do {
                    let found = try await self.engine.hostProblems()
                    // A deployment that began meanwhile changes files; its end looks again.
                    if self.engine.running == nil { self.take(problems: found) }
                } catch {
                    Log.warning(
                        "Whether the host still fits the packages is not known: \("\(error)", .reason); look for a failing disk in the kernel's log (dmesg), then restart gatekeel-installd"
                    )
                }
            }
            self?.isLooking = false
        }
    }

    private func take(problems new: [String: [String]]) {
        let old = problems
        problems = new
        for name in Set(old.keys).union(new.keys).sorted() where old[name] != new[name] {
            for problem in new[name] ?? [] where old[name]?.contains(problem) != true {
                Log.event(
                    .hostChanged,
                    "The host does not fit package \(name, .package) any more: \(problem, .reason); see 'gatekeel status'"
                )
            }
            if let package = engine.package(name) { emit(package) }
        }
    }

    /// One line for `systemctl status`.
    public var statusLine: String {
        if let storeProblem { return "The store cannot be opened and is tried again: \(storeProblem)" }
        return (isConfigurationRefused ? "The configuration has errors; the last one that worked is in use; " : "")
            + work
    }

    private var work: String {
        if let running = engine.running {
            return
                "\(running.operation.rawValue) of \(running.package): \(running.phase.rawValue), \(running.percent) %"
        }
        let packages = engine.packages().filter(\.isInstalled)
        let active = packages.filter { activity.isActive($0.name) }.count
        return "\(packages.count) packages, \(active) active"
    }

    // MARK: Access

    /// - Returns: who called.
    private func authorize(_ call: BusCall, changes: Bool) async throws(BusError) -> BusCredentials {
        let caller = try await call.credentials()
        do throws(ContractError) {
            try access.check(caller, changes: changes)
        } catch {
            refused(caller, call.member)
            throw error.busError
        }
        return caller
    }

    private func requireRoot(_ call: BusCall, _ operation: String) async throws(BusError) {
        let caller = try await call.credentials()
        do throws(ContractError) {
            try access.checkRoot(caller, operation)
        } catch {
            refused(caller, "\(call.member) (\(operation))")
            throw error.busError
        }
    }

    private func refused(_ caller: BusCredentials, _ operation: String) {
        Log.event(
            .callerRefused, "The user \(caller.user, .user) may not call \(operation, .operation); call it as root")
    }

    /// The methods that answer by what the store holds.
    private static let needsStore = Set(Installer1.interface.methods.map(\.name)).subtracting(["Keyring"])

    // MARK: Methods

    private func methods() -> [String: BusObject.Handler] {
        [
            "Stage": { [unowned self] call throws(BusError) in try await stage(call) },
            "Discard": { [unowned self] call throws(BusError) in
                let token = try call.text(0, Self.isToken, "a token of Stage")
                return try await answering { try await self.engine.discard(token) }
            },
            "Install": { [unowned self] call throws(BusError) in try await install(call) },
            "Remove": { [unowned self] call throws(BusError) in
                let name = try call.text(0, PackageName.isValid, "a package's name")
                let options = try call.options(1, ["purge": "b"])
                let purge = options["purge"]?.flag ?? false
                // It forgets the highest version: an older one could come after it.
                if purge { try await requireRoot(call, "a purge") }
                return try await deployment { try await self.engine.remove(name, purge: purge) }
            },
            "Activate": { [unowned self] call throws(BusError) in
                let name = try call.text(0, PackageName.isValid, "a package's name")
                return try await deployment { try await self.engine.activate(name) }
            },
            "Deactivate": { [unowned self] call throws(BusError) in
                let name = try call.text(0, PackageName.isValid, "a package's name")
                return try await deployment { try await self.engine.deactivate(name) }
            },
            "Rollback": { [unowned self] call throws(BusError) in
                let name = try call.text(0, PackageName.isValid, "a package's name")
                try await requireRoot(call, "a return to the previous release")
                return try await deployment { try await self.engine.rollback(name) }
            },
            "ListPackages": { [unowned self] _ throws(BusError) in
                await activity.settled()
                return [.list(engine.packages().map { info($0).properties })]
            },
            "GetPackage": { [unowned self] call throws(BusError) in
                let name = try call.text(0, PackageName.isValid, "a package's name")
                await activity.settled()
                guard let package = engine.package(name) else {
                    throw ContractError(.notFound, "there is no package \(name)").busError
                }
                return [.properties(info(package).properties)]
            },
            "Overlay": { [unowned self] call throws(BusError) in
                let name = try call.text(0, PackageName.isValid, "a package's name")
                return try await answeringFolders { try await self.engine.overlay(of: name) }
            },
            "ListStaged": { [unowned self] _ throws(BusError) in
                [.list(engine.staged().map { StagedInfo($0).properties })]
            },
            "GetDeployment": { [unowned self] call throws(BusError) in
                let id = try call.text(0, Self.isToken, "a deployment's identifier")
                guard let deployment = engine.deployment(id) else {
                    throw ContractError(.notFound, "no deployment \(id) is remembered").busError
                }
                return [.properties(DeploymentInfo(deployment).properties)]
            },
            "ListDeployments": { [unowned self] call throws(BusError) in
                // Who asks what became of a call whose answer it never got must not hear that nothing did. Who only looks gets an
                // answer in any case.
                let engine = engine
                _ = await LoopScheduler.shared.wait(atMost: .seconds(10)) { await engine.prepared() }
                let limit = Int(call.arguments[0].unsigned ?? 0)
                return [.list(engine.deployments(limit: limit).map { DeploymentInfo($0).properties })]
            },
            "Keyring": { [unowned self] _ throws(BusError) in
                do {
                    return [.list(try await keyring().map(\.properties))]
                } catch {
                    throw ContractError(.failed, "\(error)").busError
                }
            },
            "SignedTime": { [unowned self] _ throws(BusError) in
                [.properties(SignedTimeInfo(engine.signedTime).properties)]
            },
            "ResetSignedTime": { [unowned self] call throws(BusError) in
                // It is what an expired certificate is checked by when the clock is set back.
                try await requireRoot(call, "a reset of the newest signed time")
                let old = engine.signedTime
                let reply = try await answering { try await self.engine.resetSignedTime() }
                if let old {
                    Log.notice(
                        "The newest signed time, \(timeText(old.seconds, "%Y-%m-%d %H:%M:%S UTC")) of package \(old.package, .package) \(old.version, .version), was forgotten by root"
                    )
                }
                return reply
            },
        ]
    }

    private func properties() -> [String: BusObject.Getter] {
        [
            "Version": { [version] in .string(version) },
            // What was interrupted is not known before the store is open.
            "Busy": { [unowned self] in .bool(isBusy || storeProblem != nil) },
            "ConfigurationRefused": { [unowned self] in .bool(isConfigurationRefused) },
            "StoreProblem": { [unowned self] in .string(storeProblem ?? "") },
            "Progress": { [unowned self] in
                .properties(engine.running.map { DeploymentInfo($0).properties } ?? [:])
            },
        ]
    }

    private func stage(_ call: BusCall) async throws(BusError) -> [BusValue] {
        guard case .descriptor(let given) = call.arguments[0] else { return [] }
        _ = try call.options(1, [:])
        guard stagings < maxStagings else {
            throw ContractError(.busy, "other packages are being received; try again when they are").busError
        }
        stagings += 1
        defer { stagings -= 1 }
        do {
            let package = try await engine.stage(given.file.duplicate())
            Log.info(
                "Package \(package.record.name, .package) \(package.record.version, .version) is staged, signed by \(package.record.signer.isEmpty ? "nobody" : package.record.signer)"
            )
            return [.string(package.token), .properties(StagedInfo(package).properties)]
        } catch {
            let refusal = ContractError(deployment: error)
            if refusal.code == .noSpace {
                Log.event(
                    .storageFull,
                    "A package cannot be taken: \(refusal.text, .reason); free space in /var/lib/gatekeel, or remove packages"
                )
            } else {
                Log.event(
                    .packageRefused,
                    "A package was refused: \(refusal.text, .reason); correct that, then deliver the package again")
            }
            throw refusal.busError
        }
    }

    private func install(_ call: BusCall) async throws(BusError) -> [BusValue] {
        let token = try call.text(0, Self.isToken, "a token of Stage")
        let options: InstallOptions
        do throws(ContractError) {
            options = try InstallOptions(properties: call.arguments[1].properties ?? [:])
        } catch {
            throw error.busError
        }
        if options.allowDowngrade { try await requireRoot(call, "a downgrade") }
        let engineOptions = DeploymentOptions(
            allowDowngrade: options.allowDowngrade,
            activation: Activation(rawValue: options.activation.rawValue) ?? .restore,
            reinstall: options.reinstall)
        return try await deployment { try await self.engine.install(token, engineOptions) }
    }

    private func deployment(_ body: @LoopActor () async throws -> String) async throws(BusError) -> [BusValue] {
        do {
            return [.string(try await body())]
        } catch {
            throw ContractError(deployment: error).busError
        }
    }

    private func answeringFolders(_ body: @LoopActor () async throws -> [String]) async throws(BusError) -> [BusValue] {
        do {
            return [.strings(try await body())]
        } catch {
            throw ContractError(deployment: error).busError
        }
    }

    private func answering(_ body: @LoopActor () async throws -> Void) async throws(BusError) -> [BusValue] {
        do {
            try await body()
            return []
        } catch {
            throw ContractError(deployment: error).busError
        }
    }

    private func info(_ package: PackageStatus) -> PackageInfo {
        let failed = package.reason.flatMap { reason in
            engine.deployments(limit: .max).first { $0.package == package.name && $0.reason == reason }
        }
        var info = PackageInfo(
            package, isActive: activity.isActive(package.name), reasonVersion: failed?.version ?? "")
        info.problems = problems[package.name] ?? []
        info.provides = package.provides
        return info
    }

    private func activityChanged(_ name: String) {
        guard let package = engine.package(name) else { return }
        emit(package)
        ServiceManager.status(statusLine)
    }

    private func emit(_ package: PackageStatus) {
        object.emit(
            Installer1.interface, "PackageChanged", [.string(package.name), .properties(info(package).properties)])
    }

    /// Tokens and identifiers become file names.
    nonisolated static func isToken(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            }
    }
}

// MARK: What the engine tells

extension InstallerService: DeploymentObserver {
    private var isBusy: Bool { engine.running != nil || engine.isPreparing }

    public func preparingChanged() {
        guard isBusy != wasBusy else { return }
        object.changed(Installer1.interface, ["Busy"])
        wasBusy = isBusy
    }

    public func deploymentChanged(_ status: DeploymentStatus) {
        object.emit(
            Installer1.interface, "DeploymentChanged",
            [.string(status.id), .properties(DeploymentInfo(status).properties)])
        object.changed(Installer1.interface, isBusy == wasBusy ? ["Progress"] : ["Busy", "Progress"])
        wasBusy = isBusy
        if status.result == .running {
            Log.debug(
                "Deployment \(status.id, .deployment) of \(status.package, .package): \(status.phase.rawValue, .state)")
        } else {
            status.log()
            refresh()
            hostChanged?()
        }
        ServiceManager.status(statusLine)
    }

    public func packageChanged(_ status: PackageStatus) {
        emit(status)
        activity.startFollowing(status)
    }

    public func packageRemoved(_ name: String) {
        activity.forget(name)
        object.emit(Installer1.interface, "PackageRemoved", [.string(name)])
    }
}

extension DeploymentStatus {
    /// How it ended, for the journal.
    func log() {
        let why = reason?.description ?? ""
        switch (result, operation) {
        case (.running, _): break
        case (.done, .install), (.done, .update), (.done, .rollback):
            Log.event(
                .packageInstalled,
                LogMessage("Package \(package, .package) \(version, .version) is installed")
                    .with(.deployment, id).with(.previous, oldVersion).with(.operation, operation.rawValue))
        case (.done, .remove) where !why.isEmpty:
            Log.event(
                .packageRemoved,
                LogMessage("Package \(package, .package) is removed, but not all of it: \(why, .reason)")
                    .with(.deployment, id))
        case (.done, .remove):
            Log.event(.packageRemoved, LogMessage("Package \(package, .package) is removed").with(.deployment, id))
        case (.done, .activate), (.done, .deactivate):
            Log.notice(
                LogMessage("Package \(package, .package) is \(operation == .activate ? "" : "de")activated")
                    .with(.deployment, id).with(.version, version).with(.operation, operation.rawValue))
        case (.rolledBack, _):
            Log.event(
                .rolledBack,
                LogMessage(
                    "Package \(package, .package) \(version, .version) was undone, \(oldVersion, .previous) is back: \(why, .reason); see 'gatekeel log \(package)', then deliver a corrected version"
                ).with(.deployment, id).with(.operation, operation.rawValue))
        case (.failed, .activate):
            Log.event(
                .activationFailed,
                LogMessage(
                    "Package \(package, .package) could not be activated: \(why, .reason); see 'gatekeel log \(package)'"
                ).with(.deployment, id).with(.version, version))
        case (.failed, _):
            Log.event(
                .deploymentFailed,
                LogMessage(
                    "The \(operation.rawValue, .operation) of package \(package, .package) failed: \(why, .reason); see 'gatekeel log \(package)', then try again"
                )
                .with(.deployment, id).with(.version, version))
        }
    }
}
