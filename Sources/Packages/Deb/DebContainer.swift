import Archive
import Glibc
import Linux
import Signing

/// The outer structure of a `.deb` (deb(5), ar(5)), parsed strictly. Parsing decompresses nothing and trusts nothing.
///
/// The members must be these, in this order, each at most once, with nothing after them: `debian-binary` (`2.0`),
/// `control.tar`, `data.tar` (plain or `.gz`, `.xz`, `.zst`), then Gatekeel's own, which dpkg ignores: `_gkmanifest`
/// (optional) and `_gksig`.
public struct DebContainer: Hashable, Sendable {
    /// One member of the `ar` archive.
    public struct Member: Hashable, Sendable {
        /// The name without padding: `control.tar.xz`.
        public let name: String
        /// The offset of its header.
        public let header: Int
        /// The range of its bytes.
        public let data: Range<Int>
    }

    static let magic = Array("!<arch>\n".utf8)
    static let manifestName = "_gkmanifest"
    static let signatureName = "_gksig"
    /// The largest manifest, in bytes.
    public static let manifestLimit = 65536
    /// The largest control archive, compressed, in bytes.
    public static let controlLimit = 16 << 20

    public let control: Member
    public let controlCompression: Compression
    public let data: Member
    public let dataCompression: Compression
    public let manifest: Member?
    public let signature: Member?
    /// All members in order.
    public let members: [Member]
    /// The file's size in bytes.
    public let size: Int

    /// The range that the signature covers: all bytes before the header of the signature's member.
    public var signedRange: Range<Int>? { signature.map { 0..<$0.header } }

    /// The end of the last of dpkg's own members, with its padding.
    var payloadEnd: Int { data.data.upperBound + data.data.count % 2 }

    /// Parses the members' headers.
    public init(_ file: borrowing FileDescriptor) throws(DebError) {
        do { size = try file.size() } catch { throw .file(error) }
        guard try Self.read(file, 0..<min(size, 8)) == Self.magic else {
            throw .malformed("it does not begin like a .deb (an ar archive); check that this is the right file")
        }
        var members: [Member] = []
        var offset = 8
        while offset < size {
            guard members.count < 5 else { throw .malformed("it has more than 5 members; build it with dpkg-deb") }
            let member = try Self.member(file, at: offset, size)
            members.append(member)
            offset = member.data.upperBound + member.data.count % 2
        }
        self.members = members
        let names = members.map(\.name)
        guard members.count >= 3, names[0] == "debian-binary",
            let controlCompression = Self.compression(names[1], "control.tar"),
            let dataCompression = Self.compression(names[2], "data.tar"),
            [[], [Self.manifestName], [Self.signatureName], [Self.manifestName, Self.signatureName]]
                .contains(Array(names[3...]))
        else {
            throw .malformed(
                "its members are \(names.joined(separator: ", ")); expected debian-binary, control.tar, data.tar"
                    + " (plain or .gz, .xz, .zst), then optionally _gkmanifest and _gksig; build it with dpkg-deb")
        }
        control = members[1]
        self.controlCompression = controlCompression
        data = members[2]
        self.dataCompression = dataCompression
        manifest = members.first { $0.name == Self.manifestName }
        signature = members.first { $0.name == Self.signatureName }
        guard members[0].data.count == 4, try Self.read(file, members[0].data) == Array("2.0\n".utf8) else {
            throw .malformed("its format is not 2.0; build it with dpkg-deb")
        }
        guard control.data.count <= Self.controlLimit else {
            throw .malformed("\(control.name) has \(control.data.count) bytes; the limit is \(Self.controlLimit)")
        }
        if let manifest, manifest.data.count > Self.manifestLimit {
            throw .malformed("its manifest has \(manifest.data.count) bytes; the limit is \(Self.manifestLimit)")
        }
        if let signature, signature.data.count > DetachedSignature.limit {
            throw .malformed("its signature has \(signature.data.count) bytes; the limit is \(DetachedSignature.limit)")
        }
    }

    /// The bytes of a range that lies in the file.
    static func read(_ file: borrowing FileDescriptor, _ range: Range<Int>) throws(DebError) -> [UInt8] {
        do { return try file.read(range) } catch { throw .file(error) }
    }

    /// The 60 bytes of a member's header, as dpkg-deb writes them.
    static func header(_ name: String, _ count: Int) -> [UInt8] {
        func field(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: width - text.utf8.count)
        }
        let text = field(name, 16) + field("0", 12) + field("0", 6) + field("0", 6) + field("100644", 8)
        return Array((text + field("\(count)", 10) + "`\n").utf8)
    }

    private static func compression(_ name: String, _ stem: String) -> Compression? {
        switch name {
        case stem: Compression.none
        case "\(stem).gz": .gzip
        case "\(stem).xz": .xz
        case "\(stem).zst": .zstd
        default: nil
        }
    }

    private static func member(_ file: borrowing FileDescriptor, at offset: Int, _ size: Int) throws(DebError) -> Member
    {
        guard size - offset >= 60 else {
            throw .malformed("\(size - offset) bytes follow its last member; download or build it again")
        }
        let header = try read(file, offset..<offset + 60)
        guard header[58...] == [0x60, 0x0a] else {
            throw .malformed("the header at byte \(offset) is damaged; download or build it again")
        }
        let name = try name(header[..<16], offset)
        for (field, what) in [(16..<28, "time"), (28..<34, "owner"), (34..<40, "group"), (40..<48, "mode")] {
            guard number(header[field], mayBeEmpty: true) != nil else {
                throw .malformed("\(name): its \(what) is not a number; download or build it again")
            }
        }
        guard let count = number(header[48..<58]) else {
            throw .malformed("\(name): its size is not a decimal number; download or build it again")
        }
        let start = offset + 60
        guard count <= size - start else {
            throw .malformed("\(name) is truncated: \(size - start) of \(count) bytes; download it again")
        }
        if count % 2 == 1 {
            // The padding is one newline, also after the last member.
            guard start + count < size, try read(file, start + count..<start + count + 1) == [0x0a] else {
                throw .malformed("\(name): the padding after it is wrong; download or build it again")
            }
        }
        return Member(name: name, header: offset, data: start..<start + count)
    }

    /// Letters, digits, `.`, `_`, `-`, padded with blanks; GNU ar puts a slash after the name.
    private static func name(_ field: ArraySlice<UInt8>, _ offset: Int) throws(DebError) -> String {
        var name = field.prefix { $0 != 0x20 }
        let padding = field.dropFirst(name.count)
        if name.last == 0x2f { name = name.dropLast() }
        let allowed = name.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
            default: false
            }
        }
        guard allowed, !name.isEmpty, padding.allSatisfy({ $0 == 0x20 }) else {
            throw .malformed(
                "the member at byte \(offset) has a name with characters that are not allowed; build it with dpkg-deb")
        }
        return String(decoding: name, as: UTF8.self)
    }

    /// Decimal digits, then blanks; no sign, no leading blank.
    private static func number(_ field: ArraySlice<UInt8>, mayBeEmpty: Bool = false) -> Int? {
        let digits = field.prefix { (0x30...0x39).contains($0) }
        guard mayBeEmpty || !digits.isEmpty, field.dropFirst(digits.count).allSatisfy({ $0 == 0x20 }) else {
            return nil
        }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
