import State

/// The file of the access control lists:
///
///     gatekeel-access 1
///     owner SERVER
///     seed NAME SERVER RIGHTS
///     list ID OBJECT INSTANCE OWNER host|server
///       SERVER RIGHTS
///
/// Within a format, releases add lines; those that are not known are kept: at the end of their list, or before the others.
extension AccessTable {
    private static let name = "gatekeel-access"
    /// The format that this release writes, and the newest that it reads.
    static let format = 1

    var bytes: [UInt8] {
        var text = "\(Self.name) \(Self.format)\n"
        // Before the lists: what is indented after one belongs to it.
        for line in others { text += "\(line)\n" }
        if let seededOwner { text += "owner \(seededOwner)\n" }
        for (account, seed) in seeds.sorted(by: { $0.key < $1.key }) {
            text += "seed \(account) \(seed.number) \(seed.rights.rawValue)\n"
        }
        for (id, entry) in entries.sorted(by: { $0.key < $1.key }) {
            text +=
                "list \(id) \(entry.object) \(entry.instance) \(entry.owner) \(entry.isCreated ? "server" : "host")\n"
            for (server, rights) in entry.rights.sorted(by: { $0.key < $1.key }) {
                text += "  \(server) \(rights.rawValue)\n"
            }
            for line in entry.others { text += "\(line)\n" }
        }
        return Array(text.utf8)
    }

    /// The table that was written; nil for anything else.
    ///
    /// - Throws: for a format, a right or a kind of list of a newer release.
    init?(bytes: [UInt8]) throws(NewerFormat) {
        guard let lines = try StateLines.of(bytes, name: Self.name, format: Self.format) else { return nil }
        // The list that indented lines belong to; nil after a line that is not known.
        var current: UInt16?
        for line in lines {
            if line.first == " " {
                guard try take(line, of: current) else { return nil }
            } else {
                current = nil
                guard try take(line.split(separator: " "), line, &current) else { return nil }
            }
        }
    }

    private mutating func take(
        _ words: [Substring], _ line: Substring, _ current: inout UInt16?
    ) throws(NewerFormat) -> Bool {
        switch words.first {
        case "owner":
            guard words.count == 2, let owner = UInt16(words[1]) else { return false }
            seededOwner = owner
        case "seed":
            guard words.count == 4, let number = UInt16(words[2]), let rights = try AccessRights(words[3]) else {
                return false
            }
            seeds[String(words[1])] = Seed(number: number, rights: rights)
        case "list":
            guard words.count == 6, let id = UInt16(words[1]), let object = UInt16(words[2]),
                let instance = UInt16(words[3]), let owner = UInt16(words[4])
            else { return false }
            guard words[5] == "server" || words[5] == "host" else { throw NewerFormat("list", value: words[5]) }
            current = id
            return insert(
                Entry(object: object, instance: instance, owner: owner, isCreated: words[5] == "server"), at: id)
        default: others.append(String(line))
        }
        return true
    }

    /// Takes an indented line.
    private mutating func take(_ line: Substring, of current: UInt16?) throws(NewerFormat) -> Bool {
        guard let current else {
            others.append(String(line))
            return true
        }
        let words = line.split(separator: " ")
        guard words.count == 2, let server = UInt16(words[0]) else {
            change(current) { $0.others.append(String(line)) }
            return true
        }
        guard let rights = try AccessRights(words[1]) else { return false }
        change(current) { $0.rights[server] = rights }
        return true
    }
}

extension AccessRights {
    /// - Throws: for a number with a right that this release does not know.
    fileprivate init?(_ text: Substring) throws(NewerFormat) {
        guard let number = UInt64(text) else { return nil }
        guard number <= AccessRights.all.rawValue else { throw NewerFormat("rights", value: text) }
        self.init(rawValue: UInt8(number))
    }
}
