import FaultPoints
import Glibc
import Linux

/// A record on disk with a previous good copy beside it, so that one corrupt file is never the end.
struct RecordFile: Sendable {
    let path: String
    let kind: String
    private var previous: String { path + ".previous" }

    /// What `load()` found.
    struct Loaded: Sendable {
        /// Nil when there is none, or none that is whole.
        var record: Record?
        /// What was wrong with a file that was there, for people.
        var complaints: [String] = []
    }

    /// The record; else, when it is missing or corrupt, the previous good copy.
    func load() -> Loaded {
        var loaded = Loaded()
        for candidate in [path, previous] {
            do {
                loaded.record = try Record(decoding: try Files.read(candidate, limit: Record.limit), kind: kind)
                return loaded
            } catch let error as Errno where error.code == ENOENT {
                continue
            } catch {
                loaded.complaints.append("\(candidate) is not used: \(error)")
            }
        }
        return loaded
    }

    /// Writes the record durably; what was there becomes the previous good copy.
    ///
    /// At every moment one of the two names holds a whole record, the old or the new.
    func save(_ record: Record) throws(Errno) {
        let (folder, name) = Files.split(path)
        let temporary = "\(folder)/.\(name).new"
        do throws(Errno) {
            let file = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
            try file.write(record.encoded())
            try file.synchronize()
        } catch {
            unlink(temporary)
            throw error
        }
        if (try? Record(decoding: try Files.read(path, limit: Record.limit), kind: kind)) != nil {
            // Only a whole record may become the good copy. A failure here costs the copy, not the record.
            rename(path, previous)
        }
        try retrying("rename \(temporary)") { rename(temporary, path) }
        try Files.synchronizeDirectory(folder)
    }

    /// Removes the record and its copy durably.
    func remove() throws(Errno) {
        // The copy first: else a crash between the two would bring an old record back.
        try Files.remove(previous)
        try Files.remove(path)
    }
}
