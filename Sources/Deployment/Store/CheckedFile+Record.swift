import State

/// The store's files are records that name their kind.
extension CheckedFile {
    /// The most bytes of a record, written and read.
    static let recordLimit = 4 << 20
    /// What a record may grow by once it is in use: a reason, problems, a phase.
    private static let recordGrowth = 64 << 10

    /// - Parameter path: of a file of the store.
    init(record path: String, keepsRefused: Bool = true) {
        self.init(path: path, limit: Self.recordLimit, keepsRefused: keepsRefused)
    }

    /// Refuses a record that could become too large to be written. Call it while nothing depends on the record yet.
    ///
    /// - Parameter what: the record's content, and what to do about it.
    static func requireRoom(for record: Record, _ what: String) throws(DeploymentError) {
        let size = record.bytes.count
        guard size <= recordLimit - recordGrowth else {
            throw DeploymentError(
                .unsupported, "\(size >> 10) KiB are to be recorded and \(recordLimit >> 10) KiB can be: \(what)")
        }
    }

    /// The record; when it is missing or damaged, the one before. And what was wrong, for people.
    ///
    /// - Throws: `Errno` when it cannot be read, `DeploymentError` when a newer release wrote it: neither is an absence,
    ///   and nothing may be written in its place.
    func load(_ kind: String) throws -> (record: Record?, complaints: [String]) {
        let (record, origin) = try load { (bytes) throws(NewerFormat) -> Record? in
            guard let record = Record(bytes: bytes), record.isOf(kind) else { return nil }
            try record.requireKnownFormat()
            return record
        }
        switch origin {
        case .file, .absent: return (record, [])
        case .previous: return (record, ["\(path) is damaged or gone; the state before it is used"])
        case .lost: return (nil, ["\(path) is damaged, and the state before it as well; neither is used"])
        case .newer:
            throw DeploymentError(
                .failed, "\(path) was written by a newer release of Gatekeel; install that release or a later one")
        }
    }
}

extension Record {
    private static let kindKey = "kind"

    init(kind: String) {
        self = .versioned()
        add(Self.kindKey, kind)
    }

    /// What a newer release added; `keys` are those of this release.
    func others(of keys: Set<String>) -> Record { others(than: keys.union([Self.kindKey])) }

    func isOf(_ kind: String) -> Bool { self[Self.kindKey] == kind }

    /// In whole milliseconds; nil adds nothing.
    mutating func add(_ key: String, _ duration: Duration?) {
        if let duration { add(key, duration.milliseconds) }
    }

    func duration(_ key: String) -> Duration? { self[key].flatMap { Int64($0) }.map { .milliseconds($0) } }
    func optionalInteger(_ key: String) -> Int? { self[key].flatMap { Int($0) } }
}

/// A record holds something else than what it is read for.
struct Corrupt: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
