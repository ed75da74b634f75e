import State

/// The file of the access control lists:
///
///     gatekeel-access 1
///     seeded NAME RIGHTS
///     entry ID OBJECT INSTANCE OWNER host|server
///       SERVER RIGHTS
///
/// Within a format, releases add lines; those that are not known are kept, at the end.
extension AccessTable {
    private static let name = "gatekeel-access"
    /// The format that this release writes, and the newest that it reads.
    static let format = 1

    var bytes: [UInt8] {
        var text = "\(Self.name) \(Self.format)\n"
        for (account, rights) in seeded.sorted(by: { $0.key < $1.key }) {
            text += "seeded \(account) \(rights.rawValue)\n"
        }
        for (id, entry) in entries.sorted(by: { $0.key < $1.key }) {
            text +=
                "entry \(id) \(entry.object) \(entry.instance) \(entry.owner) \(entry.isCreated ? "server" : "host")\n"
            for (server, rights) in entry.rights.sorted(by: { $0.key < $1.key }) {
                text += "  \(server) \(rights.rawValue)\n"
            }
        }
        for line in others { text += "\(line)\n" }
        return Array(text.utf8)
    }

    /// The table that was written; nil for anything else.
    ///
    /// - Throws: for a format of a newer release.
    init?(bytes: [UInt8]) throws(NewerFormat) {
        guard let text = String(validating: bytes, as: UTF8.self), text.last == "\n" else { return nil }
        let lines = text.split(separator: "\n")
        let header = lines.first?.split(separator: " ") ?? []
        guard header.count == 2, header[0] == Self.name, let format = Int(header[1]) else { return nil }
        if format > Self.format { throw NewerFormat(found: format, known: Self.format) }
        var current: UInt16?
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            switch words.first {
            case "seeded":
                guard words.count == 3, let rights = AccessRights(words[2]) else { return nil }
                seeded[String(words[1])] = rights
            case "entry":
                guard words.count == 6, let id = UInt16(words[1]), let object = UInt16(words[2]),
                    let instance = UInt16(words[3]), let owner = UInt16(words[4]), entries[id] == nil
                else { return nil }
                entries[id] = Entry(object: object, instance: instance, owner: owner, isCreated: words[5] == "server")
                current = id
            case let server? where line.first == " " && UInt16(server) != nil:
                guard let current, words.count == 2, let number = UInt16(server), let rights = AccessRights(words[1])
                else { return nil }
                entries[current]?.rights[number] = rights
            default: others.append(String(line))
            }
        }
    }
}

extension AccessRights {
    fileprivate init?(_ text: Substring) {
        guard let number = UInt8(text), number <= AccessRights.all.rawValue else { return nil }
        self.init(rawValue: number)
    }
}
