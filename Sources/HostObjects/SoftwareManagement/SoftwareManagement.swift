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
        /// The folder of the records; it exists and is the daemon's alone.
        public var folder: String
        /// How long a request may wait for its work before it is answered.
        public var answerTimeout: Duration
        /// Whether an update makes active what was active before it.
        public var restoreActivation: Bool
        /// The largest package that is taken, in bytes.
        public var maximumPackageSize: Int
        /// Identifies this boot (`/proc/sys/kernel/random/boot_id`).
        public var boot: String

        public init(
            folder: String, answerTimeout: Duration = .seconds(4), restoreActivation: Bool = true,
            maximumPackageSize: Int = 1 << 30, boot: String
        ) {
            self.folder = folder
            self.answerTimeout = answerTimeout
            self.restoreActivation = restoreActivation
            self.maximumPackageSize = maximumPackageSize
            self.boot = boot
        }
    }

    /// What the daemon may want to log.
    public enum Report: Sendable {
        /// A package is ready to be installed.
        case delivered(instance: UInt16, DeliveredPackage)
        /// A package was refused, or its transfer failed.
        case refused(instance: UInt16, UpdateResult, String)
        /// A state file could not be written.
        case notStored(Errno)
        /// A damaged record: its copy was taken, or nothing was left.
        case damaged(instance: UInt16, lost: Bool)
        /// The installer does not answer.
        case installerUnavailable(String)
    }

    public let definition = ObjectDefinition.softwareManagement
    public weak var changes: (any ObjectChanges)?
    /// Is told what the daemon may want to log.
    public var report: (@LoopActor (Report) -> Void)?

    private(set) var options: Options
    var store: SoftwareStore
    let installer: any SoftwareInstaller
    let fetcher: any SoftwareFetcher
    let scheduler: any Scheduler
    var software: [UInt16: SoftwareInstance] = [0: SoftwareInstance()]
    /// Transfers by push whose end was not taken note of yet.
    var uploads: [UInt16: PackageUpload] = [:]
    /// The boot in which each record was last written before this start.
    var boots: [UInt16: String] = [:]
    /// Instances whose record could not be written as it is.
    private var unstored: Set<UInt16> = []
    private var isStoring = false
    /// Whether the records were read. What the installer tells before is found with them then: taken earlier it would make
    /// instances of what has one, and write over their records.
    var isLoaded = false
    /// Whether the installer has said what is in place.
    var known = false
    /// Whether what was interrupted has been taken up again.
    var resumed = false

    public init(
        _ options: Options, installer: any SoftwareInstaller, fetcher: any SoftwareFetcher, scheduler: any Scheduler
    ) {
        self.options = options
        self.installer = installer
        self.fetcher = fetcher
        self.scheduler = scheduler
        store = SoftwareStore(folder: options.folder)
    }

    /// Takes new settings over; the folder and the boot stay.
    public func reload(_ options: Options) {
        self.options.answerTimeout = options.answerTimeout
        self.options.restoreActivation = options.restoreActivation
        self.options.maximumPackageSize = options.maximumPackageSize
    }

    // MARK: Reading

    public var instances: [UInt16] { software.keys.sorted() }

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
        guard let new = instance ?? lowestFree(from: 0) else {
            throw OperationError(.badRequest, "no instance is free")
        }
        guard software[new] == nil else { throw OperationError(.badRequest, "instance \(new) is there already") }
        software[new] = SoftwareInstance()
        guard await update(new, { _ in }) else {
            software[new] = nil
            // What could not be made durable may be there all the same, and would be an instance at the next start.
            let file = store.record(new)
            try? await Worker.shared.run { try file.remove() }
            throw OperationError(.internalServerError, "the instance could not be stored")
        }
        changes?.instancesChanged(9)
        // PkgName and PkgVersion (0, 1) are hints of some servers, and not ours to take: the package says them.
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
        try software[instance]?.admitDelete()
        // Held from here on: a package that comes while the record is removed is refused.
        software[instance]?.job = .removing
        let file = store.record(instance)
        do {
            try await Worker.shared.run { try file.remove() }
        } catch {
            software[instance]?.job = nil
            storeLater(instance)
            throw OperationError(.internalServerError, "the instance could not be removed: \(error)")
        }
        software[instance] = nil
        await removePackage(instance)
        changes?.instancesChanged(9)
    }

    private func requireLoaded() throws(OperationError) {
        guard isLoaded else {
            throw OperationError(
                .internalServerError, "the state of object 9 cannot be read; see the gateway's journal")
        }
    }

    func lowestFree(from first: UInt16) -> UInt16? {
        (first..<UInt16.max).first { software[$0] == nil }
    }

    // MARK: State

    /// Changes an instance, makes the change durable, and tells it: Result before State. False when it is not durable.
    @discardableResult
    func update(_ instance: UInt16, _ change: (inout SoftwareInstance) -> Void) async -> Bool {
        guard let before = mutate(instance, change) else { return false }
        return await settle(instance, since: before)
    }

    /// Changes an instance in memory, at once. Returns what it was.
    func mutate(_ instance: UInt16, _ change: (inout SoftwareInstance) -> Void) -> SoftwareInstance? {
        guard isLoaded, let before = software[instance] else { return nil }
        var next = before
        change(&next)
        next.record.boot = options.boot
        if known { next.record.present = next.inPlace != nil }
        software[instance] = next
        return before
    }

    /// Makes an instance durable and tells what changed of it.
    @discardableResult
    func settle(_ instance: UInt16, since before: SoftwareInstance) async -> Bool {
        guard let now = software[instance] else { return false }
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
        for resource in SoftwareInstance.announced where now.value(resource) != before.value(resource) {
            changes?.changed(Path(9, instance, resource))
        }
        return stored
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

    /// Writes a record again, until it succeeds: what a server was told must not be forgotten by a restart that comes much
    /// later than the failure.
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
            // It was reported when it failed first.
            try? await store(software.record, of: instance)
        }
        isStoring = !unstored.isEmpty
        return unstored.isEmpty
    }

    func removePackage(_ instance: UInt16) async {
        let store = store
        do {
            try await Worker.shared.run { try store.removePackage(instance) }
        } catch {
            report?(.notStored((error as? Errno) ?? Errno(EIO, store.package(instance))))
        }
    }
}
