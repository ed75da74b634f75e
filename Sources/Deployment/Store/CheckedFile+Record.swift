import State

/// The store's files: records that say of what kind they are.
extension CheckedFile {
    /// - Parameter path: of a file of the store.
    init(record path: String) { self.init(path: path, limit: 4 << 20) }

    /// The record; else, when it is missing or damaged, the one before. And what was wrong, for people.
    func load(_ kind: String) -> (record: Record?, complaints: [String]) {
        let (record, origin) = load { bytes in Record(bytes: bytes).flatMap { $0.isOf(kind) ? $0 : nil } }
        switch origin {
        case .file, .absent: return (record, [])
        case .previous: return (record, ["\(path) is damaged or gone; the state before it is used"])
        case .lost: return (nil, ["\(path) is damaged, and the state before it as well; neither is used"])
        }
    }
}

extension Record {
    private static let kindKey = "kind"

    init(kind: String) {
        self.init()
        add(Self.kindKey, kind)
    }

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
