import Glibc
import Linux
import State

/// Makes a release of a staged package: unpacks it into a temporary folder, completes it, makes it durable and renames it.
struct Unpacking: Sendable {
    let store: Store
    let packages: any PackageReader
    let deployment: DeploymentRecord
    let record: ReleaseRecord

    func run(progress: @Sendable (Int) -> Void) throws {
        let package = store.folder(of: deployment.package)
        let temporary = "\(package)/\(Self.temporaryName)"
        let target = store.folder(of: deployment.package, release: deployment.newRelease)
        try Files.makeDirectories(package, mode: 0o755)
        try Files.removeTree(temporary)
        try Files.makeDirectories(temporary, mode: 0o755)
        do {
            try packages.unpack(
                store.package(staged: deployment.token), record: record, into: temporary, progress: progress)
            try store.passage("deployment.unpack.complete")
            try complete(temporary)
            try store.passage("deployment.unpack.sync")
            // One call for the whole tree: an fsync for each of thousands of files takes many times as long.
            try FileDescriptor.open(temporary, O_RDONLY | O_DIRECTORY).synchronizeFileSystem()
        } catch {
            #if DEBUG
                if error is Killed { throw error }
            #endif
            try? Files.removeTree(temporary)
            throw error
        }
        // Left by an interrupted run. It is not in use: the name was chosen so.
        try store.discardTree(target)
        try store.passage("deployment.unpack.rename")
        try retrying("rename \(temporary)") { rename(temporary, target) }
        try Files.synchronizeDirectory(package)
    }

    static let temporaryName = ".unpack"

    /// Adds our own files to an unpacked payload.
    private func complete(_ folder: String) throws {
        let tree = ReleaseTree(path: folder)
        // systemd requires this file in an extension. `_any` fits every host.
        try tree.add(
            "usr/lib/extension-release.d/extension-release.\(deployment.newRelease)", Array("ID=_any\n".utf8))
        for (path, text) in record.writtenUnits { try tree.add(path, Array(text.utf8)) }
        if !record.manifestUsers.isEmpty { try tree.add(Store.usersName, Self.lines(record.manifestUsers)) }
        if !record.manifestFolders.isEmpty { try tree.add(Store.foldersName, Self.lines(record.manifestFolders)) }
        var record = record
        record.mounts = try OverlayCheck(paths: store.paths).run(folder)
        let bytes = CheckedFile.checked(record.record.bytes)
        try tree.add(Store.recordName, bytes)
        try tree.add("\(Store.recordName).previous", bytes)
    }

    private static func lines(_ lines: [String]) -> [UInt8] { Array((lines.joined(separator: "\n") + "\n").utf8) }
}
