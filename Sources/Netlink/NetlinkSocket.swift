import Glibc
import Linux

/// A socket to the kernel (netlink(7)). The kernel answers within `send(2)`, so that nothing here blocks.
struct NetlinkSocket: ~Copyable {
    /// What is asked (linux/netlink.h).
    enum Family: Int32, Sendable {
        case route = 0  // NETLINK_ROUTE
        case generic = 16  // NETLINK_GENERIC
    }

    /// Entries of a table that are kept, and messages that are looked at for them: a router may have a million routes.
    static let entryLimit = 4096
    static let messageLimit = 65536
    /// How often a table is read that changes meanwhile. What the last attempt saw is used.
    private static let attempts = 3
    /// The kernel makes its datagrams no larger than that (`netlink_recvmsg`).
    private static let datagramLimit = 32768

    let descriptor: FileDescriptor
    private var sequence: UInt32 = 0

    /// - Parameter groups: of the family's events, as bits (`RTMGRP_…`): their messages can be received then.
    init(_ family: Family, groups: UInt32 = 0) throws(Errno) {
        let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let number = try retrying("open a netlink socket") { Glibc.socket(AF_NETLINK, type, family.rawValue) }
        let descriptor = FileDescriptor(owning: number)
        if groups != 0 { try Self.follow(groups, number) }
        self.descriptor = descriptor
    }

    private static func follow(_ groups: UInt32, _ number: Int32) throws(Errno) {
        // struct sockaddr_nl: family, padding, port (the kernel chooses), groups.
        let address = sa_family_t(AF_NETLINK).bytes + UInt16(0).bytes + UInt32(0).bytes + groups.bytes
        try retrying("follow events of the network") {
            address.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return Int32(0) }
                return bind(number, base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
            }
        }
    }

    // MARK: Questions

    /// Asks for one thing. The answer may be a refusal (`NetlinkMessage.accepted`).
    mutating func answer(_ type: UInt16, _ body: [UInt8]) throws(Errno) -> NetlinkMessage {
        let sequence = try ask(type, .request, body)
        while true {
            if let answer = try receive().first(where: { $0.sequence == sequence }) { return answer }
        }
    }

    /// Asks for a table.
    ///
    /// - Parameter decode: makes an entry of a message; nil for one that is of no interest.
    /// - Throws: the kernel's error; `EMSGSIZE` for more than `entryLimit` entries or `messageLimit` messages.
    mutating func table<Entry>(
        _ type: UInt16, _ body: [UInt8], _ decode: (NetlinkMessage) throws(Errno) -> Entry?
    ) throws(Errno) -> [Entry] {
        var found: (entries: [Entry], isWhole: Bool) = ([], false)
        for _ in 0..<Self.attempts where !found.isWhole { found = try dump(type, body, decode) }
        return found.entries
    }

    private mutating func dump<Entry>(
        _ type: UInt16, _ body: [UInt8], _ decode: (NetlinkMessage) throws(Errno) -> Entry?
    ) throws(Errno) -> (entries: [Entry], isWhole: Bool) {
        let sequence = try ask(type, [.request, .dump], body)
        var entries: [Entry] = []
        var count = 0
        var isWhole = true
        while true {
            for message in try receive() where message.sequence == sequence {
                if message.flags.contains(.interrupted) { isWhole = false }
                switch message.type {
                case NetlinkMessage.done: return (entries, isWhole)
                default: if let entry = try decode(try message.accepted()) { entries.append(entry) }
                }
                count += 1
                guard entries.count <= Self.entryLimit, count <= Self.messageLimit else {
                    throw Errno(EMSGSIZE, "read a table of the network")
                }
            }
        }
    }

    private mutating func ask(
        _ type: UInt16, _ flags: NetlinkMessage.Flags, _ body: [UInt8]
    ) throws(Errno) -> UInt32 {
        sequence += 1
        let request = NetlinkMessage(type: type, flags: flags, sequence: sequence, payload: body[...]).bytes
        let number = descriptor.raw
        try retrying("ask the kernel about the network") { send(number, request, request.count, 0) }
        return sequence
    }

    private func receive() throws(Errno) -> [NetlinkMessage] {
        let number = descriptor.raw
        var failure: Errno?
        let datagram = [UInt8](unsafeUninitializedCapacity: Self.datagramLimit) { buffer, length in
            do throws(Errno) {
                let full = try retrying("read an answer of the kernel") {
                    recv(number, buffer.baseAddress, Self.datagramLimit, Int32(MSG_TRUNC))
                }
                guard full <= Self.datagramLimit else { throw Errno(EMSGSIZE, "read an answer of the kernel") }
                length = full
            } catch {
                length = 0
                failure = error
            }
        }
        if let failure { throw failure }
        // A datagram without bytes would be waited for again and again.
        guard !datagram.isEmpty else { throw Errno(EBADMSG, "read an answer of the kernel") }
        return try NetlinkMessage.all(in: datagram[...])
    }

    // MARK: Events

    /// Drops what is queued; true when there was anything. An overrun (`ENOBUFS`) counts.
    func drain() -> Bool {
        var found = false
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let got = recv(descriptor.raw, &buffer, buffer.count, 0)
            if got > 0 || (got < 0 && errno == ENOBUFS) {
                found = true
            } else if got < 0 && errno == EINTR {
                continue
            } else {
                return found
            }
        }
    }
}
