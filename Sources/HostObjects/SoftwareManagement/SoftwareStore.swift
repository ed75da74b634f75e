import Linux
import State

/// The files of object 9: a record for each instance, and its package while it is transferred.
struct SoftwareStore: Sendable {
    /// The folder; it exists, and only the daemon can access it.
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
    func load() throws(Errno) -> [(instance: UInt16, record: SoftwareRecord, origin: CheckedFile.Origin)] {
        let instances = Set(try Files.names(in: folder).compactMap { Self.instance($0, "record") })
        return instances.sorted().map { instance in
            let (record, origin) = self.record(instance).load(SoftwareRecord.init)
            return (instance, record ?? SoftwareRecord(), origin)
        }
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
