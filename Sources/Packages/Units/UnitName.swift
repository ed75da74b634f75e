/// The name of a unit (`systemd.unit(5)`): `foo.service`, the template `foo@.service`, its instance `foo@bar.service`.
public struct UnitName: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    /// `%p`: the part before the `@`, or before the type.
    public let prefix: String
    /// The part between the `@` and the type: empty for a template, nil without an `@`.
    public let instance: String?
    public let type: UnitType

    /// The longest name, in bytes: `UNIT_NAME_MAX` without the final zero.
    static let limit = 255

    /// - Returns: nil if systemd would not accept it as a name.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.limit, let dot = text.lastIndex(of: "."),
            let type = UnitType(rawValue: String(text[text.index(after: dot)...]))
        else { return nil }
        let stem = text[..<dot]
        guard !stem.isEmpty, stem.first != "@", stem.utf8.allSatisfy(Self.isAllowed) else { return nil }
        let at = stem.firstIndex(of: "@")
        prefix = String(stem[..<(at ?? dot)])
        instance = at.map { String(stem[stem.index(after: $0)...]) }
        self.type = type
        description = text
    }

    private init?(_ prefix: String, _ instance: String?, _ type: UnitType) {
        self.init(prefix + (instance.map { "@\($0)" } ?? "") + ".\(type.rawValue)")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: ":-_.\\@".utf8.contains(byte)
        }
    }

    public var isTemplate: Bool { instance?.isEmpty == true }
    public var isInstance: Bool { instance?.isEmpty == false }

    /// `%N`: the name without its type.
    public var stem: String { instance.map { "\(prefix)@\($0)" } ?? prefix }

    /// `foo@.service` of `foo@bar.service`; nil if it is no instance.
    public var template: UnitName? { isInstance ? UnitName(prefix, "", type) : nil }

    /// `foo@bar.service` of the template `foo@.service`; nil if it is no template or the instance is not valid.
    public func instantiated(_ instance: String) -> UnitName? {
        isTemplate && !instance.isEmpty ? UnitName(prefix, instance, type) : nil
    }

    /// The pattern of `fnmatch(3)` for the instances of a template.
    public var patternOfInstances: String { "\(prefix)@*.\(type.rawValue)" }

    /// Whether systemd applies the folders of this name (`NAME.d`, `NAME.wants`) to all units whose name begins with its
    /// prefix: `foo-.service.d` to `foo-bar.service`.
    public var isDashPrefix: Bool { prefix.count > 1 && prefix.hasSuffix("-") }

    /// The names whose folders (`NAME.d`, `NAME.wants`, …) systemd reads for this unit, from the most specific: its own, its
    /// template's and those of its dash prefixes. The folders of the type (`service.d`) come on top.
    ///
    /// The same recursion as `unit_file_find_dirs()` of systemd.
    public var lineage: [UnitName] {
        var names = [self]
        if let template { names += template.lineage }
        if let parent = dashPrefix { names += parent.lineage }
        var seen: Set<UnitName> = []
        return names.filter { seen.insert($0).inserted }
    }

    /// `foo-bar-.service` of `foo-bar-baz.service`, and `foo-.service` of that.
    private var dashPrefix: UnitName? {
        var rest = prefix[...]
        // A trailing dash is passed over, but only one.
        if rest.last == "-" { rest = rest.dropLast() }
        guard let dash = rest.lastIndex(of: "-"), dash != rest.startIndex else { return nil }
        return UnitName(String(rest[...dash]), isInstance ? instance : nil, type)
    }
}

extension UnitName {
    /// Units that the host has without a file (`systemd.special(7)`), or that systemd starts by these names if they exist.
    public static let builtIn: Set<String> = [
        "-.slice", "-.mount", "system.slice", "user.slice", "machine.slice", "init.scope", "default.target",
        "ctrl-alt-del.target", "kbrequest.target", "sigpwr.target",
    ]

    /// Slices whose children systemd, logind and machined make by themselves: `user-1000.slice`.
    public static let slicesWithOwnChildren: Set<String> = ["user", "machine", "system"]

    /// Whether a slice is in another one by its name, as `foo-bar.slice` is in `foo.slice`.
    func isSlice(within other: UnitName) -> Bool {
        type == .slice && other.type == .slice && prefix.hasPrefix("\(other.prefix)-")
    }

    /// The slice that systemd puts the instances of a template into: `system-foo\x2dbar.slice` of `foo-bar@.service`.
    public var sliceOfInstances: String? {
        guard isTemplate else { return nil }
        return "system-\(Self.escaped(prefix)).slice"
    }
}

extension UnitName {
    /// A text as a part of a unit's name, as `systemd-escape(1)` writes it: `libstdc\x2b\x2b6`.
    public static func escaped(_ text: String) -> String {
        text.utf8.enumerated().map { index, byte in
            switch byte {
            case UInt8(ascii: "/"): "-"
            case UInt8(ascii: "-"), UInt8(ascii: "\\"), UInt8(ascii: "@"): hexadecimal(byte)
            case UInt8(ascii: ".") where index == 0: hexadecimal(byte)
            default: isAllowed(byte) ? String(UnicodeScalar(byte)) : hexadecimal(byte)
            }
        }.joined()
    }

    /// A text with what no name of a unit may have escaped, and everything else as it stands, as systemd's own
    /// `unit_name_mangle()` does: `foo-c\x2b\x2b`.
    static func mangled(_ text: String) -> String {
        text.utf8.map { isAllowed($0) ? String(UnicodeScalar($0)) : hexadecimal($0) }.joined()
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    /// The transient unit that runs the health command of a package. One check runs at a time, so the end of a name that is too
    /// long is left out.
    public static func ofHealthCheck(of package: String) -> String {
        "gatekeel-health-\(escaped(package).prefix(limit / 2)).service"
    }
}

extension UnitName {
    /// The name of Gatekeel's own drop-in of each unit of a package.
    public static let ownDropIn = "10-gatekeel.conf"
}
