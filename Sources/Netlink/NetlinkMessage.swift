import Glibc
import Linux

/// One message of netlink(7): `struct nlmsghdr` and what follows it. Numbers are in the host's byte order; messages and
/// attributes are padded to 4 bytes.
struct NetlinkMessage: Hashable, Sendable {
    static let headerSize = 16

    // linux/netlink.h
    static let error: UInt16 = 2  // NLMSG_ERROR
    static let done: UInt16 = 3  // NLMSG_DONE

    struct Flags: OptionSet, Hashable, Sendable {
        let rawValue: UInt16

        static let request = Flags(rawValue: 1)  // NLM_F_REQUEST
        /// The table changed while it was told.
        static let interrupted = Flags(rawValue: 0x10)  // NLM_F_DUMP_INTR
        /// All entries of a table, instead of one.
        static let dump = Flags(rawValue: 0x300)  // NLM_F_DUMP
    }

    var type: UInt16
    var flags: Flags
    var sequence: UInt32
    /// What follows the header.
    var payload: ArraySlice<UInt8>

    /// The messages of one datagram.
    ///
    /// - Throws: `EBADMSG` for a length that is shorter than a header or reaches beyond the end, and for bytes that are left.
    static func all(in datagram: ArraySlice<UInt8>) throws(Errno) -> [NetlinkMessage] {
        var messages: [NetlinkMessage] = []
        var rest = datagram
        while !rest.isEmpty {
            guard rest.count >= headerSize,
                let length = rest.number(at: 0, as: UInt32.self).flatMap({ Int(exactly: $0) }),
                length >= headerSize, length <= rest.count
            else { throw Errno(EBADMSG, "read a netlink message") }
            messages.append(
                NetlinkMessage(
                    type: rest.number(at: 4, as: UInt16.self) ?? 0,
                    flags: Flags(rawValue: rest.number(at: 6, as: UInt16.self) ?? 0),
                    sequence: rest.number(at: 8, as: UInt32.self) ?? 0,
                    payload: rest.dropFirst(headerSize).prefix(length - headerSize)))
            rest = rest.dropFirst(length.padded)
        }
        return messages
    }

    var bytes: [UInt8] {
        let length = Self.headerSize + payload.count
        return UInt32(length).bytes + type.bytes + flags.rawValue.bytes + sequence.bytes + UInt32(0).bytes + payload
    }

    /// The message itself, unless it is a refusal (`struct nlmsgerr`).
    ///
    /// - Throws: the kernel's error; `EBADMSG` for a refusal without one.
    func accepted() throws(Errno) -> NetlinkMessage {
        guard type == Self.error else { return self }
        guard let code = payload.number(at: 0, as: Int32.self), (-4095 ... -1).contains(code) else {
            throw Errno(EBADMSG, "read a netlink error")
        }
        throw Errno(-code, "ask the kernel about the network")
    }
}

extension ArraySlice<UInt8> {
    /// A number in the host's byte order; nil where the bytes end before.
    func number<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: Number.Type) -> Number? {
        guard offset >= 0, count >= MemoryLayout<Number>.size, offset <= count - MemoryLayout<Number>.size else {
            return nil
        }
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }
}

extension FixedWidthInteger {
    /// Its bytes in the host's order.
    var bytes: [UInt8] { withUnsafeBytes(of: self) { Array($0) } }
}

extension Int {
    /// The next multiple of 4 (`NLMSG_ALIGN`).
    var padded: Int { (self + 3) & ~3 }
}
