import Glibc
import Linux
import Packages
import State

/// The store on disk, `/var/lib/gatekeel`:
///
///     packages/NAME/VERSION/    an immutable tree: usr/ opt/, conffiles/etc/ as packaged, and gatekeel-release
///     packages/NAME/current     link to the release in place
///     packages/NAME/previous    link to the one before
///     packages/NAME/state       what outlives the releases
///     packages/NAME/pristine/   conffiles as packaged, of a package that was removed and not purged
///     packages/NAME/switching   there while the host is between two releases: its units do not start
///     staged/TOKEN/             package.deb, record
///     journal/                  deployment, history, clock, reserve, work/ (old bytes of conffiles)
///
/// All calls block: they belong on the worker's thread.
public struct Store: Sendable {
    public let paths: HostPaths
    let passage: Passage

    public init(_ paths: HostPaths) { self.init(paths, passage: Passage()) }

    init(_ paths: HostPaths, passage: Passage) {
        self.paths = paths
        self.passage = passage
    }

    var root: String { paths.store }
    var packagesFolder: String { "\(root)/packages" }
    var stagedFolder: String { "\(root)/staged" }
    var journalFolder: String { "\(root)/journal" }

    func folder(of package: String) -> String { "\(packagesFolder)/\(package)" }
    func folder(of package: String, release: String) -> String { "\(folder(of: package))/\(release)" }
    func work(of deployment: String) -> String { "\(journalFolder)/work/\(deployment)" }

    /// Makes the folders that are missing.
    func create() throws(Errno) {
        try Files.makeDirectories(root, mode: 0o711)
        // Services of packages run as their own users and must reach their files.
        try Files.makeDirectories(packagesFolder, mode: 0o755)
        try Files.makeDirectories(stagedFolder, mode: 0o700)
        try Files.makeDirectories(journalFolder, mode: 0o700)
        try Files.makeDirectories("\(journalFolder)/work", mode: 0o700)
    }

    // MARK: Names

    /// Debian policy 5.6.12, and beginning with a digit, so that no version is `current`.
    static func isVersion(_ version: String) -> Bool {
        let bytes = Array(version.utf8)
        guard (1...128).contains(bytes.count), let first = bytes.first, isDigit(first) else { return false }
        return bytes.allSatisfy { byte in
            isDigit(byte) || isLower(byte | 0x20) && byte >= 0x41 || [0x2B, 0x2D, 0x2E, 0x3A, 0x7E].contains(byte)
        }
    }

    /// The folder's name of a version: `1:2.0-3` is `1_2.0-3`; `_` is no letter of versions.
    static func folderName(of version: String) -> String { String(version.map { $0 == ":" ? "_" : $0 }) }

    /// The version of a release's folder: of `1_2.0-3` and of `1_2.0-3__2` it is `1:2.0-3`.
    static func version(ofFolder name: String) -> String {
        let base = name.firstOccurrence(of: "__").map { name[..<$0.lowerBound] } ?? name[...]
        return String(base.map { $0 == "_" ? ":" : $0 })
    }

    private static func isRelease(_ name: String) -> Bool {
        name.utf8.first.map(isDigit) ?? false
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isLower(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }

    // MARK: Packages

    /// Names of all packages that the store holds anything of.
    func packageNames() throws(Errno) -> [String] {
        try Files.namesIfPresent(in: packagesFolder).filter { PackageName.isValid($0) }
    }

    /// The folders of a package's releases.
    func releases(of package: String) throws(Errno) -> [String] {
        try Files.namesIfPresent(in: folder(of: package)).filter(Self.isRelease)
    }

    /// The release that a link names; nil when there is no link, or none to a release that is there.
    ///
    /// - Throws: when the link cannot be read. The release that it names may be running, so this is not "no release".
    func release(_ link: ReleaseLink, of package: String) throws(Errno) -> String? {
        guard let target = try Files.linkTarget("\(folder(of: package))/\(link.rawValue)"), Self.isRelease(target),
            !target.contains("/"), try Files.exists(folder(of: package, release: target))
        else { return nil }
        return target
    }

    /// Switches both links, each atomically, and makes them durable. An empty name removes a link.
    func set(current: String, previous: String, of package: String) throws {
        let folder = folder(of: package)
        guard try Files.exists(folder) else { return }
        try place(.previous, in: folder, previous)
        try passage("deployment.links.between")
        try place(.current, in: folder, current)
        // One synchronization for both links: the units are down meanwhile.
        try Files.synchronizeDirectory(folder)
    }

    private func place(_ link: ReleaseLink, in folder: String, _ release: String) throws(Errno) {
        let path = "\(folder)/\(link.rawValue)"
        if release.isEmpty {
            if unlink(path) != 0, errno != ENOENT { throw Errno.current("remove \(path)") }
        } else if try Files.linkTarget(path) != release {
            try Files.placeLink(path, target: release)
        }
    }

    /// A folder name for a release of this version that no release in use has: `1.0`, else `1.0__2`, …
    func freeFolder(for version: String, of package: String) throws(Errno) -> String {
        let used = [try release(.current, of: package), try release(.previous, of: package)]
        let base = Self.folderName(of: version)
        var candidate = base
        var number = 2
        while used.contains(candidate) {
            candidate = "\(base)__\(number)"
            number += 1
        }
        return candidate
    }

    /// The record of a release.
    func record(of package: String, release: String) throws -> ReleaseRecord {
        let file = recordFile(package, release)
        let loaded = try file.load(ReleaseRecord.kind)
        guard let record = loaded.record else {
            throw DeploymentError(.failed, loaded.complaints.first ?? "\(file.path) is missing")
        }
        return try ReleaseRecord(record)
    }

    /// As `record(of:release:)`; nil when the record is missing or damaged, so that this is not a complete release.
    ///
    /// - Throws: when the record cannot be read, or a newer release of Gatekeel wrote it.
    func recordIfWhole(of package: String, release: String) throws -> ReleaseRecord? {
        guard let record = try recordFile(package, release).load(ReleaseRecord.kind).record else { return nil }
        return try? ReleaseRecord(record)
    }

    /// A release is immutable: no copy of a damaged record is put into it.
    private func recordFile(_ package: String, _ release: String) -> CheckedFile {
        CheckedFile(record: "\(folder(of: package, release: release))/\(Self.recordName)", keepsRefused: false)
    }

    /// The name of a release's record; its copy is there too, as `CheckedFile` has it.
    static let recordName = "gatekeel-release"
    /// In a release, when the manifest or the payload asks for users or folders.
    static let usersName = "gatekeel-sysusers.conf"
    static let foldersName = "gatekeel-tmpfiles.conf"

    func tree(of package: String, release: String) -> ReleaseTree {
        ReleaseTree(path: folder(of: package, release: release))
    }

    private func stateFile(_ package: String) -> CheckedFile {
        CheckedFile(record: "\(folder(of: package))/state")
    }

    func state(of package: String) throws -> (state: PackageState, complaints: [String]) {
        let loaded = try stateFile(package).load(PackageState.kind)
        return (loaded.record.map(PackageState.init) ?? PackageState(), loaded.complaints)
    }

    func save(_ state: PackageState, of package: String) throws {
        try Files.makeDirectories(folder(of: package), mode: 0o755)
        try passage("deployment.state.before")
        try reserving { () throws(Errno) in try stateFile(package).save(state.record.bytes) }
        try passage("deployment.state.after")
    }

    /// Renames a tree, then removes it: a tree that still has its name is always complete.
    func discardTree(_ path: String) throws(Errno) {
        guard try Files.exists(path) else { return }
        let (folder, name) = Files.split(path)
        let trash = "\(folder)/.trash-\(name)"
        try Files.removeTree(trash)
        try retrying("rename \(path)") { rename(path, trash) }
        try Files.synchronizeDirectory(folder)
        try Files.removeTree(trash)
    }
}

/// The links beside a package's releases.
enum ReleaseLink: String, Sendable { case current, previous }
