/// A line of `sysusers.d(5)`, as systemd 252 to 257 read it.
struct SysusersLine: Hashable, Sendable {
    /// What is wrong with a line.
    struct Problem: Error, Hashable { let text: String }

    /// A number, or what stands for one.
    enum Identifier: Hashable, Sendable {
        /// systemd chooses one.
        case any
        case number(UInt32)
        /// That of this file's owner.
        case ofFile(String)
    }

    /// The group that a new user gets first.
    enum PrimaryGroup: Hashable, Sendable {
        /// The one of its name, which is made with it.
        case own
        case number(UInt32)
        case named(String)
    }

    enum Entry: Hashable, Sendable {
        case user(name: String, id: Identifier, group: PrimaryGroup, home: String?, shell: String?, isLocked: Bool)
        case group(name: String, id: Identifier)
        /// Makes user and group, if they are missing.
        case member(user: String, group: String)
        /// Numbers that systemd chooses from.
        case range(ClosedRange<UInt32>)
    }

    var entry: Entry

    /// - Parameter text: a line, trimmed.
    init(_ text: [UInt8]) throws(Problem) {
        guard let (fields, rest) = LineText.fields(text, atMost: 6) else {
            throw Problem(text: "a quote is not closed, or systemd does not know an escape; correct the line")
        }
        guard fields.count >= 2 else { throw Problem(text: "the name is missing; write 'TYPE NAME'") }
        guard rest.isEmpty else { throw Problem(text: "the line has more than six fields; quote a field with blanks") }
        let words = try fields.map { (field) throws(Problem) in try Self.expanded(field) }
        func field(_ index: Int) -> String? {
            words.count > index && !words[index].isEmpty && words[index] != "-" ? words[index] : nil
        }
        let type = words[0]
        guard ["u", "u!", "g", "m", "r"].contains(type) else {
            throw Problem(text: "systemd does not know the type '\(type)'; see sysusers.d(5)")
        }
        if !type.hasPrefix("u"), field(3) != nil || field(4) != nil || field(5) != nil {
            throw Problem(text: "a line of type '\(type)' takes three fields; remove the others")
        }
        if type == "r" {
            guard field(1) == nil, let text = field(2), let range = Self.range(text) else {
                throw Problem(text: "write 'r - FIRST-LAST'")
            }
            entry = .range(range)
            return
        }
        guard let name = field(1), PackageManifest.isUser(name) else {
            throw Problem(text: "'\(words[1])' is no name for a user or group; choose another one")
        }
        switch type {
        case "g": entry = .group(name: name, id: try Self.identifier(field(2)))
        case "m":
            guard let group = field(2), PackageManifest.isUser(group) else {
                throw Problem(text: "the group is missing; write 'm USER GROUP'")
            }
            entry = .member(user: name, group: group)
        default:
            if let shell = field(5), !shell.hasPrefix("/") { throw Problem(text: "'\(shell)' is no absolute path") }
            let (id, group) = try Self.user(field(2))
            entry = .user(
                name: name, id: id, group: group,
                home: try field(4).map { (text) throws(Problem) in try Self.home(text) },
                shell: field(5), isLocked: type == "u!")
        }
    }

    private static func expanded(_ bytes: [UInt8]) throws(Problem) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Problem(text: "the line is not UTF-8; correct it")
        }
        // A colon or a line's end in a field would end a field or a line of /etc/passwd; systemd refuses them too.
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw Problem(text: "the line has control characters; remove them")
        }
        do throws(LineSpecifiers.Problem) {
            return try LineSpecifiers.expanded(text)
        } catch { throw Problem(text: error.text) }
    }

    /// `UID`, `UID:GID`, `UID:GROUP`, `-:GROUP` or a file's path.
    private static func user(_ text: String?) throws(Problem) -> (Identifier, PrimaryGroup) {
        guard let text, let colon = text.firstIndex(of: ":"), !text.hasPrefix("/") else {
            return (try identifier(text), .own)
        }
        let (id, group) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
        let primary: PrimaryGroup
        if let number = UInt32(group) {
            primary = .number(number)
        } else if PackageManifest.isUser(group) {
            primary = .named(group)
        } else {
            throw Problem(text: "'\(group)' is no group; write its name")
        }
        return (try identifier(id == "-" ? nil : id), primary)
    }

    private static func identifier(_ text: String?) throws(Problem) -> Identifier {
        guard let text else { return .any }
        if text.hasPrefix("/") { return .ofFile(text) }
        guard let number = UInt32(text), text.utf8.first != UInt8(ascii: "+") else {
            throw Problem(text: "'\(text)' is no number; write '-', and systemd chooses one")
        }
        return .number(number)
    }

    private static func range(_ text: String) -> ClosedRange<UInt32>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt32($0) }
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last else {
            return nil
        }
        return first...last
    }

    private static func home(_ text: String) throws(Problem) -> String {
        let parts = text.split(separator: "/")
        guard text.hasPrefix("/"), !parts.contains(".."), !parts.contains("."), !text.contains(":") else {
            throw Problem(text: "'\(text)' is no folder for a home; write an absolute path without '..'")
        }
        return "/" + parts.joined(separator: "/")
    }
}

extension SysusersLine {
    /// A line of a file, or what is wrong with it.
    struct Read: Sendable {
        var number: Int
        var line: Result<SysusersLine, Problem>
    }

    /// All lines of a file.
    static func read(_ bytes: [UInt8]) -> [Read] {
        LineText.lines(bytes).map { line in
            do throws(Problem) {
                return Read(number: line.number, line: .success(try SysusersLine(line.text)))
            } catch { return Read(number: line.number, line: .failure(error)) }
        }
    }
}
