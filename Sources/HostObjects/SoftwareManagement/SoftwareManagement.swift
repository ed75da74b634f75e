import EventLoop
import Glibc
import LwM2M
import LwM2MClient
import Linux
import State

/// Object 9, Software Management: packages of this host as instances.
///
/// 9/0 is always there. A package's name owns its instance; what is installed on the host itself takes the lowest free
/// instance from 1. Every transition is durable before its effect, and Result is told before State.
@LoopActor
public final class SoftwareManagement: Object {
    /// What can be set.
    public struct Options: Sendable {
        /// The folder of the records, the daemon's alone; it is made if it is not there.
        public var folder: String
        /// How long a request may wait for its work before it is answered.
        public var answerTimeout: Duration
        /// Whether an update makes active what was active before it.
        public var restoreActivation: Bool
        /// The largest package that is taken, in bytes.
        public var maximumPackageSize: Int
        public var downloads: DownloadSettings
        /// Space that packages leave free while they are transferred.
        public var reserve: DiskReserve
        /// The most instances that servers may create.
        public var maximumInstances: Int
        /// Identifies this boot (`/proc/sys/kernel/random/boot_id`).
        public var boot: String

        public init(
            folder: String, answerTimeout: Duration = .seconds(4), restoreActivation: Bool = true,
            maximumPackageSize: Int = 1 << 30, downloads: DownloadSettings = DownloadSettings(),
            reserve: DiskReserve = DiskReserve(), maximumInstances: Int = 1000, boot: String
        ) {
            self.folder = folder
            self.answerTimeout = answerTimeout
            self.restoreActivation = restoreActivation
            self.maximumPackageSize = maximumPackageSize
            self.downloads = downloads
            self.reserve = reserve
            self.maximumInstances = maximumInstances
            self.boot = boot
        }
    }

    /// What the daemon may want to log.
    public enum Report: Sendable {
        /// A package is ready to be installed.
        case delivered(instance: UInt16, DeliveredPackage)
        /// A package was refused, or its transfer failed.
        case refused(instance: UInt16, UpdateResult, String)
        /// A transfer was cancelled.
        case cancelled(instance: UInt16, String)
        /// A download waits: the reason changed.
        case waiting(instance: UInt16, String)
        /// A state file could not be written.
        case notStored(Errno)
        /// The records cannot be read: they are tried again.
        case unreadable(Errno)
        /// A damaged record: its copy was taken, or nothing was left.
        case damaged(instance: UInt16, lost: Bool)
        /// The installer does not answer.
        case installerUnavailable(String)

        /// The instance that it is about; nil for none.
        public var instance: UInt16? {
            switch self {
            case .delivered(let instance, _), .refused(let instance, _, _), .cancelled(let instance, _),
                .waiting(let instance, _), .damaged(let instance, _):
                instance
            case .notStored, .unreadable, .installerUnavailable: nil
            }
        }
    }

    public let definition = ObjectDefinition.softwareManagement
    public weak var changes: (any ObjectChanges)?
    /// Is told what the daemon may want to log.
    public var report: (@LoopActor (Report) -> Void)?
    /// Is called when the records were read.
    public var loaded: (@LoopActor () -> Void)?
    /// Is called when transfers came, went or wait for another reason.
    public var transfersChanged: (@LoopActor () -> Void)?

    private(set) var options: Options
    var store: SoftwareStore
    let installer: any SoftwareInstaller
    let fetcher: any SoftwareFetcher
    let scheduler: any Scheduler
    var software: [UInt16: SoftwareInstance] = [0: SoftwareInstance()]
    /// Transfers by push whose end was not taken note of yet.
    var uploads: [UInt16: PackageUpload] = [:]
    /// Transfers by pull until the package is verified or they failed.
    var downloads: [UInt16: PackageDownload] = [:]
    var slots: DownloadSlots
    /// The space of the disk of a folder; a test has its own.
    var diskSpace: @LoopActor (_ folder: String) throws(Errno) -> FileSystemSpace = { (folder) throws(Errno) in
        try FileSystemSpace(of: FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY))
    }
    /// Packages are given to the installer, and deployments begun, of each server in turn.
    let deliveries = FairTurn<Requester>()
    let deployments = FairTurn<Requester>()
    /// The accounts among which is shared what there is.
    let servers: @LoopActor () -> [UInt16]
    /// What is being verified, as it arrived.
    var arrivals: [UInt16: PackageTransfer] = [:]
    /// The boot in which each record was last written before this start.
    var boots: [UInt16: String] = [:]
    /// Instances whose record could not be written as it is.
    private var unstored: Set<UInt16> = []
    private var isStoring = false
    /// Whether the records were read. Signals of the installer are ignored until then: they would create duplicate
    /// instances and overwrite records. What they tell is asked for again afterwards.
    var isLoaded = false
    /// Snapshots that are asked for, each with the packages that the installer told of since.
    var questions: [SnapshotQuestion] = []
    /// Whether the installer has said what is in place.
    var known = false

    public var isWorking: Bool { software.values.contains { $0.job != nil } }

    /// - Parameter servers: the accounts (instances of object 1) among which is shared what there is.
    public init(
        _ options: Options, installer: any SoftwareInstaller, fetcher: any SoftwareFetcher, scheduler: any Scheduler,
        servers: @escaping @LoopActor () -> [UInt16] = { [] }
    ) {
        self.options = options
        self.servers = servers
        self.installer = installer
        self.fetcher = fetcher
        self.scheduler = scheduler
        store = SoftwareStore(folder: options.folder)
        slots = DownloadSlots(limit: options.downloads.concurrent)
    }

    /// Takes new settings over; the folder and the boot stay.
    ///
    /// A transfer that is under way keeps the largest size, the reserve and the allowed addresses that it began with; a
    /// download takes the new ones with its next attempt. Times, the minimum rate and the number of downloads hold at once.
    public func reload(_ options: Options) {
        let (folder, boot) = (self.options.folder, self.options.boot)
        self.options = options
        self.options.folder = folder
        self.options.boot = boot
        slots.limit = options.downloads.concurrent
        startQueued()
    }

    // MARK: Reading

    public var instances: [UInt16] { software.keys.sorted() }

    public func hasInstance(_ instance: UInt16) -> Bool { software[instance] != nil }

    /// The account of the server that delivered to an instance last, or created it; nil: none did.
    public func account(of instance: UInt16) -> UInt16? { software[instance]?.record.account }

    public var isComplete: Bool { isLoaded }

    public func resources(of instance: UInt16) -> [UInt16] { definition.resources.map(\.id) }

    public func has(_ resource: UInt16, in instance: UInt16) -> Bool { definition[resource] != nil }

    public func read(_ instance: UInt16, _ resource: UInt16) throws(OperationError) -> ResourceContent {
        guard let software = software[instance], let value = software.value(resource) else {
            throw OperationError(.notFound, "there is no /9/\(instance)/\(resource)")
        }
        return .single(value)
    }

    // MARK: Creating and deleting

    public func create(
        _ instance: UInt16?, _ values: [UInt16: ResourceContent]
    ) async throws(OperationError) -> UInt16 {
        try requireLoaded()
        try requireRoomForInstance()
        guard let new = instance ?? lowestFree(from: 0) else {
            throw OperationError(.badRequest, "no instance is free")
        }
        guard software[new] == nil else { throw OperationError(.badRequest, "instance \(new) is there already") }
        software[new] = SoftwareInstance()
        let account = Requester.currentAccount
        guard await update(new, { $0.record.account = account }) else {
            software[new] = nil
            // The record may exist although it is not durable. It would become an instance at the next start.
            let file = store.record(new)
            try? await Worker.shared.run { try file.remove() }
            throw OperationError(.internalServerError, "the instance could not be stored")
        }
        changes?.instancesChanged(9)
        // Some servers send PkgName and PkgVersion (0, 1) as hints. They are ignored: the package says its own.
        let writable = values.filter { definition[$0.key]?.operations.writable == true }
        do throws(OperationError) {
            try await write(new, writable, mode: .update)
        } catch {
            try await delete(new)
            throw error
        }
        return new
    }

    public func delete(_ instance: UInt16) async throws(OperationError) {
        try requireLoaded()
        guard instance != 0 else { throw OperationError(.methodNotAllowed, "instance 0 is always there") }
        guard let software = software[instance] else {
            throw OperationError(.notFound, "there is no instance \(instance)")
        }
        try software.admitDelete()
        // Another transfer may begin as soon as one has ended.
        while self.software[instance]?.isCancellable == true {
            try await cancelTransfer(
                instance, FetchFailure(.initial, "cancelled: the server deleted the instance"))
        }
        try self.software[instance]?.admitDelete()
        // From here on, a package that arrives while the record is removed is refused.
        self.software[instance]?.job = .deleting
        let file = store.record(instance)
        do {
            try await Worker.shared.run { try file.remove() }
        } catch {
            // Its package may have come back meanwhile, as another instance.
            if let name = self.software[instance]?.record.package, owner(of: name) != nil {
                self.software[instance]?.record.package = nil
            }
            self.software[instance]?.job = nil
            storeLater(instance)
            throw OperationError(.internalServerError, "the instance could not be removed: \(error)")
        }
        self.software[instance] = nil
        // At once: a package of the host may take the number while the files go, and must not find the access control list.
        changes?.instancesChanged(9)
        await removePackage(instance)
    }

    /// - Throws: 5.00 until the records were read.
    func requireLoaded() throws(OperationError) {
        guard isLoaded else {
            throw OperationError(
                .internalServerError, "the state of object 9 cannot be read; see the gateway's journal")
        }
    }

    func lowestFree(from first: UInt16) -> UInt16? {
        (first..<UInt16.max).first { software[$0] == nil }
    }

    // MARK: State

    /// Changes an instance, makes the change durable, and reports it: Result before State. False when it is not durable.
    @discardableResult
    func update(_ instance: UInt16, _ change: (inout SoftwareInstance) -> Void) async -> Bool {
        guard let before = mutate(instance, change) else { return false }
        return await settle(instance, since: before)
    }

    /// Changes an instance in memory, at once. Returns what it was; nil when it is not there any more, or being deleted.
    func mutate(_ instance: UInt16, _ change: (inout SoftwareInstance) -> Void) -> SoftwareInstance? {
        guard isLoaded, let before = software[instance], before.job != .deleting else { return nil }
        var next = before
        change(&next)
        next.record.boot = options.boot
        if known { next.record.present = next.inPlace != nil }
        software[instance] = next
        return before
    }

    /// Makes an instance durable and reports what changed of it.
    @discardableResult
    func settle(_ instance: UInt16, since before: SoftwareInstance) async -> Bool {
        // A record that is written after its removal would be an instance again at the next start.
        guard let now = software[instance], now.job != .deleting else { return false }
        var stored = true
        if now.record != before.record || unstored.contains(instance)
            || (try? Files.exists(store.record(instance).path)) != true
        {
            do {
                try await store(now.record, of: instance)
            } catch {
                stored = false
                report?(.notStored(error))
                storeLater(instance)
            }
        }
        announce(instance, now, since: before)
        return stored
    }

    /// Reports what a server can read and what changed of it.
    func announce(_ instance: UInt16, _ now: SoftwareInstance, since before: SoftwareInstance) {
        for resource in SoftwareInstance.announced where now.value(resource) != before.value(resource) {
            changes?.changed(Path(9, instance, resource))
        }
    }

    private func store(_ record: SoftwareRecord, of instance: UInt16) async throws(Errno) {
        let (file, bytes) = (store.record(instance), record.bytes)
        do {
            try await Worker.shared.run { try file.save(bytes) }
        } catch {
            throw (error as? Errno) ?? Errno(EIO, file.path)
        }
        unstored.remove(instance)
    }

    /// Writes a record again until it succeeds: a restart that comes much later must not forget what a server was told.
    private func storeLater(_ instance: UInt16) {
        unstored.insert(instance)
        guard !isStoring else { return }
        isStoring = true
        LoopActor.spawn { [weak self, scheduler] in
            var pause: Duration = .seconds(1)
            repeat {
                await scheduler.sleep(for: pause)
                pause = min(pause * 2, .seconds(60))
            } while await self?.storeAgain() == false
        }
    }

    /// - Returns: whether all are written now.
    private func storeAgain() async -> Bool {
        for instance in unstored.sorted() {
            guard let software = software[instance] else {
                unstored.remove(instance)
                continue
            }
            guard software.job != .deleting else { continue }
            // The first failure was reported.
            try? await store(software.record, of: instance)
        }
        isStoring = !unstored.isEmpty
        return unstored.isEmpty
    }

    func removePackage(_ instance: UInt16) async {
        let store = store
        do {
            // On the worker that writes packages: after the last write.
            try await Worker.transfers.run { try store.removePackage(instance) }
        } catch {
            report?(.notStored((error as? Errno) ?? Errno(EIO, store.package(instance))))
        }
    }
}
