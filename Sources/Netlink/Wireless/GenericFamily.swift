import Glibc
import Linux

/// A family of generic netlink (genetlink(7)): its number is given when it is loaded.
struct GenericFamily: Hashable, Sendable {
    var id: UInt16
    var name: String

    // linux/genetlink.h
    private static let controller: UInt16 = 16  // GENL_ID_CTRL
    private static let getFamily: UInt8 = 3  // CTRL_CMD_GETFAMILY
    private static let idKind: UInt16 = 1  // CTRL_ATTR_FAMILY_ID
    private static let nameKind: UInt16 = 2  // CTRL_ATTR_FAMILY_NAME
    /// `struct genlmsghdr`: command, version, padding.
    private static let headerSize = 4

    /// The family of this name; nil when it is not loaded.
    ///
    /// All are asked for: for a name that it does not know the kernel would run modprobe each time.
    static func named(_ name: String, _ socket: inout NetlinkSocket) throws(Errno) -> GenericFamily? {
        try socket.table(controller, body(getFamily)) { (message) throws(Errno) in
            let family = try GenericFamily(message)
            return family.name == name ? family : nil
        }.first
    }

    /// - Throws: `EBADMSG` for a message that is none about a family.
    init(_ message: NetlinkMessage) throws(Errno) {
        let attributes = try Self.attributes(of: message)
        guard let id = attributes.number(Self.idKind, as: UInt16.self), let name = attributes.text(Self.nameKind) else {
            throw Errno(EBADMSG, "read a family of netlink")
        }
        self.id = id
        self.name = name
    }

    /// The body of a question.
    static func body(_ command: UInt8, _ attributes: [UInt8] = []) -> [UInt8] { [command, 1, 0, 0] + attributes }

    /// - Throws: `EBADMSG` for what is cut off.
    static func attributes(of message: NetlinkMessage) throws(Errno) -> Attributes {
        guard message.payload.count >= headerSize else { throw Errno(EBADMSG, "read a generic netlink message") }
        return try Attributes(message.payload.dropFirst(headerSize))
    }
}
