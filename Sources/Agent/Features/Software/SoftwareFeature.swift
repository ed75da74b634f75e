import Configuration
import Contract
import EventLoop
import HostObjects
import Journal
import LwM2MClient
import Linux

/// Object 9 on this host: packages by gatekeel-installd, downloads by gatekeel-fetch.
@LoopActor
final class SoftwareFeature: Feature {
    var objects: [any Object] { [software] }

    private let software: SoftwareManagement
    private let installer: BusInstaller
    private let proxy: InstallerProxy
    private let folder: String
    private let boot: String
    private let conditions: Conditions

    init(_ environment: AgentEnvironment) {
        folder = "\(environment.folder)/software"
        boot = environment.boot
        conditions = environment.conditions
        let settings = environment.configuration.software
        proxy = InstallerProxy(environment.bus)
        installer = BusInstaller(proxy)
        software = SoftwareManagement(
            SoftwareManagement.Options(settings, folder: folder, boot: boot), installer: installer,
            fetcher: ProcessFetcher(),
            scheduler: environment.scheduler,
            servers: { [accounts = environment.client.accounts] in accounts.all.map(\.instance) })
        let (problems, file) = (environment.stateProblems, folder)
        software.report = { [weak problems, weak software, accounts = environment.client.accounts] report in
            let server = report.instance.flatMap { software?.account(of: $0) }.flatMap { accounts[$0]?.name }
            Reporter.report(report, server: server)
            if case .unreadable(let error) = report {
                problems?.set(file, "\(error); servers can neither see nor change packages")
            }
        }
        software.loaded = { [weak problems] in problems?.set(file, nil) }
        software.transfersChanged = { [weak environment] in environment?.statusChanged?() }
        environment.transfers = TransferView(software, StableClock(environment.scheduler))
    }

    func start() async {
        follow()
        await software.start()
    }

    func reload(_ configuration: AgentConfiguration) async {
        software.reload(SoftwareManagement.Options(configuration.software, folder: folder, boot: boot))
    }

    /// The installer answers again.
    private func appeared() async {
        await installer.appeared()
        await software.installerAppeared()
    }

    /// Follows the installer's signals. Without it the gateway is still to be reached.
    private func follow() {
        do throws(ContractError) {
            try proxy.onPackageChanged { [weak self] info in
                guard let self else { return }
                LoopActor.spawn { await self.software.packageChanged(info) }
            }
            try proxy.onPackageRemoved { [weak self] name in
                guard let self else { return }
                LoopActor.spawn { await self.software.packageRemoved(name) }
            }
            try proxy.onDeploymentChanged { [weak self] info in
                guard let self else { return }
                self.installer.deploymentChanged(info)
                guard info.hasEnded, !info.token.isEmpty else { return }
                LoopActor.spawn { await self.software.deploymentEnded(of: info.token) }
            }
            try proxy.onConfigurationRefused { [conditions] in conditions.set(.installerConfigurationRefused, $0) }
            try proxy.onStoreProblem { [weak self] problem in
                guard let self else { return }
                self.conditions.set(.storeUnreadable, !problem.isEmpty)
                // Only now it answers: what it could not say when it appeared is asked for.
                if problem.isEmpty { LoopActor.spawn { await self.appeared() } }
            }
            try proxy.onAvailability { [weak self] isThere in
                guard let self, isThere else { return }
                LoopActor.spawn {
                    if let isRefused = try? await self.proxy.configurationRefused() {
                        self.conditions.set(.installerConfigurationRefused, isRefused)
                    }
                    if let problem = try? await self.proxy.storeProblem() {
                        self.conditions.set(.storeUnreadable, !problem.isEmpty)
                    }
                    await self.appeared()
                }
            }
        } catch {
            Log.error(
                "The signals of gatekeel-installd cannot be received: \(error.text, .reason); restart gatekeeld, and check the system bus with 'busctl status org.gatekeel.Installer1'"
            )
        }
    }
}

extension SoftwareManagement {
    /// A package that was removed and not purged is still known to the installer, but nothing of it is in place.
    func packageChanged(_ info: PackageInfo) async {
        if let package = InstalledPackage(info) {
            await packageChanged(package)
        } else {
            await packageRemoved(info.name)
        }
    }
}

extension SoftwareManagement.Options {
    init(_ configuration: SoftwareConfiguration, folder: String, boot: String) {
        self.init(
            folder: folder, answerTimeout: configuration.answerTimeout,
            restoreActivation: configuration.restoreActivation,
            maximumPackageSize: Int(clamping: configuration.maxPackageSize),
            downloads: DownloadSettings(configuration), reserve: DiskReserve(configuration.diskReserve),
            maximumInstances: configuration.maxInstances, boot: boot)
    }
}

extension DownloadSettings {
    init(_ configuration: SoftwareConfiguration) {
        self.init(
            concurrent: configuration.maxDownloads, patience: configuration.downloadPatience,
            minimumRate: Int(clamping: configuration.minDownloadRate), timeout: configuration.downloadTimeout,
            allowsLocal: configuration.allowLocalDownloads)
    }
}

extension DiskReserve {
    init(_ configuration: SpaceReserve) {
        self.init(percent: configuration.percent, minimum: Int(clamping: configuration.bytes))
    }
}
