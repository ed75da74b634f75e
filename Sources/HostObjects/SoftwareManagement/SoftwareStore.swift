import Glibc
import Linux
import State

/// The files of object 9: a record for each instance, and its package while it is transferred.
struct SoftwareStore: Sendable {
    /// The folder; only the daemon can access it, and `load` makes it.
    let folder: String

    #if DEBUG
        /// For tests: called at the named fault points of the records' files.
        var probe: (@Sendable (String) throws(Errno) -> Void)?
    #endif

    func record(_ instance: UInt16) -> CheckedFile {
        var file = CheckedFile(path: "\(folder)/\(instance).record", limit: 65536)
        #if DEBUG
            file.probe = probe
        #endif
        return file
    }

    /// Where the bytes of a transfer go.
    func package(_ instance: UInt16) -> String { "\(folder)/\(instance).package" }

    /// All records; blocks. A record that is damaged together with its copy is reported as lost, and is an empty instance.
    ///
    /// - Throws: when one cannot be read, or a newer release wrote it. Nothing may be written over it.
    func load() throws(Errno) -> [(instance: UInt16, record: SoftwareRecord, origin: CheckedFile.Origin)] {
        try Files.makeDirectories(folder, mode: 0o700)
        var names = try Files.names(in: folder)
        // What a kill in the middle of a write left is no record.
        for name in names where name.hasPrefix(".") && name.hasSuffix(".record.new") {
            try? Files.remove("\(folder)/\(name)")
        }
        names.removeAll { $0.hasPrefix(".") }
        let instances = Set(names.compactMap { Self.instance($0, "record") })
        var loaded: [(instance: UInt16, record: SoftwareRecord, origin: CheckedFile.Origin)] = []
        for instance in instances.sorted() {
            let file = record(instance)
            let (record, origin) = try file.load { (bytes) throws(NewerFormat) in try SoftwareRecord(bytes: bytes) }
            if origin == .newer {
                throw Errno(EPROTONOSUPPORT, "\(file.path) was written by a newer release of Gatekeel; install that")
            }
            loaded.append((instance, record ?? SoftwareRecord(), origin))
        }
        return loaded
    }

    /// Removes the files of a transfer; blocks. A missing file is no error.
    func removePackage(_ instance: UInt16) throws(Errno) {
        for name in try Files.names(in: folder)
        where name.drop(while: { $0 == "." }).hasPrefix("\(instance).package") {
            try Files.remove("\(folder)/\(name)")
        }
    }

    /// Removes the files of all transfers except those of some instances; blocks.
    func removePackages(but kept: Set<UInt16>) throws(Errno) {
        for name in try Files.names(in: folder) {
            guard let instance = Self.instance(name, "package"), !kept.contains(instance) else { continue }
            try Files.remove("\(folder)/\(name)")
        }
    }

    /// The instance of a file: 3 for `3.record` and `3.record.previous`; nil for a file of another kind.
    private static func instance(_ name: String, _ kind: String) -> UInt16? {
        let parts = name.split(separator: ".")
        return parts.count >= 2 && parts[1] == kind ? UInt16(parts[0]) : nil
    }
}
