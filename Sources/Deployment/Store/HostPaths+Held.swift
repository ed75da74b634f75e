import Glibc
import Linux

/// Every access below `/etc`, `/var` and `/srv` goes through the held folder of the path: users may write in some of them.
extension HostPaths {
    /// Holds the folder of a path of the host while something is done in it.
    ///
    /// - Parameters:
    ///   - path: absolute, with or without the root's prefix.
    ///   - mode: missing folders are made with it; nil makes none.
    ///   - body: gets the folder and the last name of the path.
    /// - Throws: as `HeldFolder.open`.
    func holding<Value>(
        _ path: String, making mode: mode_t? = nil,
        _ body: (borrowing HeldFolder, String) throws(Errno) -> Value
    ) throws(Errno) -> Value {
        let (folder, name) = Files.split(unprefixed(path))
        return try body(try HeldFolder.open(folder, root: root, making: mode), name)
    }

    /// As `holding(_:)`; nil when there is no such folder.
    func holdingIfPresent<Value>(
        _ path: String, _ body: (borrowing HeldFolder, String) throws(Errno) -> Value
    ) throws(Errno) -> Value? {
        let (folder, name) = Files.split(unprefixed(path))
        let held: HeldFolder
        do throws(Errno) {
            held = try HeldFolder.open(folder, root: root)
        } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw error
        }
        return try body(held, name)
    }

    /// What is at a path.
    func find(_ path: String) throws(Errno) -> HostFile.Found {
        try holdingIfPresent(path) { (folder, name) throws(Errno) in try HostFile.find(name, in: folder) } ?? .nothing
    }

    /// Whether something is at a path.
    func has(_ path: String) throws(Errno) -> Bool {
        try holdingIfPresent(path) { (folder, name) throws(Errno) in try folder.has(name) } ?? false
    }

    /// Removes a file or link durably. A missing one is no error.
    func remove(_ path: String) throws(Errno) {
        try holdingIfPresent(path) { (folder, name) throws(Errno) in try folder.remove(name) }
    }

    /// Removes an empty folder. One that cannot be removed stays.
    @discardableResult
    func removeEmptyFolder(_ path: String) -> Bool {
        (try? holdingIfPresent(path) { (folder, name) throws(Errno) in folder.removeEmptyFolder(name) }) == true
    }

    private func unprefixed(_ path: String) -> String {
        path.hasPrefix(root + "/") ? String(path.dropFirst(root.utf8.count)) : path
    }
}
