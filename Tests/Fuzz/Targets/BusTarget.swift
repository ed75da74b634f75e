@testable import Bus
import CSDBus
import Contract
import Glibc
import Linux

extension FuzzTarget {
    /// The arguments of a message: a line with its signature, then its body in D-Bus's form. They have the types of the
    /// signature, and written into another message they are the same. What the contract makes of them is what it writes.
    static let dBus = FuzzTarget("d-bus") { bytes in
        let parts = bytes.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count < 255, parts[0].allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return }
        let signature = String(decoding: parts[0], as: UTF8.self)
        guard let peer = BusPeer() else {
            require(false, "a connection to a peer is made")
            return
        }
        guard let message = peer.receive(signature, Array(parts[1])) else { return }
        defer { sd_bus_message_unref(message) }
        guard let values = accepted({ () throws(BusError) in try MessageReader.values(message) }) else { return }
        requireEqual(values.map(\.typeSignature).joined(), signature, "the values have the signature's types")
        guard let copy = peer.message() else {
            require(false, "a message is made")
            return
        }
        defer { sd_bus_message_unref(copy) }
        requireSuccess("values that were read are written: \(values)") { () throws(BusError) in
            try MessageWriter(message: copy).append(values)
        }
        require(sd_bus_message_seal(copy, 1, 0) >= 0, "the message is complete")
        let again = requireSuccess("written values are read") { () throws(BusError) in try MessageReader.values(copy) }
        // As texts: NaN is not equal to itself.
        requireEqual("\(again)", "\(values)", "values are read as they were written")
        for value in values { check(value) }
    }

    private static func check(_ value: BusValue) {
        for properties in [value.properties, value.opened.properties].compactMap(\.self) + (value.list ?? []) {
            check(PackageInfo.self, properties)
            check(DeploymentInfo.self, properties)
            check(StagedInfo.self, properties)
            check(CertificateInfo.self, properties)
            check(SendInfo.self, properties)
            check(TransferInfo.self, properties)
            check(AgentStatus.self, properties)
            check(ServerStatus.self, properties)
            check(SignedTimeInfo.self, properties)
            check(AgentObject.self, properties)
            check(AgentValue.self, properties)
            let options = accepted { () throws(ContractError) in try InstallOptions(properties: properties) }
            guard let options else { continue }
            let again = requireSuccess("written options are read") { () throws(ContractError) in
                try InstallOptions(properties: options.properties)
            }
            requireEqual(again, options, "options are read as they were written")
        }
    }

    private static func check<Value: DictionaryValue>(_: Value.Type, _ properties: [String: BusValue]) {
        guard let value = Value(properties: properties) else { return }
        guard let again = Value(properties: value.properties) else {
            require(false, "a written \(Value.self) is read: \(value)")
            return
        }
        requireEqual(again, value, "a \(Value.self) is read as it was written")
    }
}

/// A connection to a peer that sends what is to be read.
private final class BusPeer {
    private let bus: OpaquePointer
    private let other: Int32

    /// nil if it cannot be made.
    init?() {
        var ends: [Int32] = [-1, -1]
        guard
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends)
                == 0
        else { return nil }
        var bus: OpaquePointer?
        other = ends[1]
        guard sd_bus_new(&bus) >= 0, let bus else { return nil }
        self.bus = bus
        guard sd_bus_set_fd(bus, ends[0], ends[0]) >= 0, sd_bus_start(bus) >= 0 else { return nil }
        // The server's side of the handshake: it accepts, and agrees to pass no descriptors.
        send(Array("DATA\r\nOK 0123456789abcdef0123456789abcdef\r\nERROR\r\n".utf8))
    }

    deinit {
        sd_bus_close_unref(bus)
        close(other)
    }

    private func send(_ bytes: [UInt8]) { _ = bytes.withUnsafeBytes { write(other, $0.baseAddress, $0.count) } }

    /// The message that the bus gives for this body; nil if the library refuses it.
    func receive(_ signature: String, _ body: [UInt8]) -> OpaquePointer? {
        send(Self.header(signature, body.count) + body)
        var message: OpaquePointer?
        for _ in 0..<8 where message == nil {
            guard sd_bus_process(bus, &message) >= 0 else { return nil }
        }
        guard let found = message else { return nil }
        guard sd_bus_message_is_signal(found, "a.b", "C") > 0 else {
            sd_bus_message_unref(found)
            return nil
        }
        return found
    }

    /// An empty message to write into.
    func message() -> OpaquePointer? {
        var message: OpaquePointer?
        guard sd_bus_message_new_signal(bus, &message, "/a", "a.b", "C") >= 0 else { return nil }
        return message
    }

    /// A signal's header, little-endian ("Message Format" of the D-Bus specification).
    private static func header(_ signature: String, _ count: Int) -> [UInt8] {
        func number(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
        var fields: [UInt8] = []
        func field(_ code: UInt8, _ type: String, _ value: [UInt8]) {
            fields += [UInt8](repeating: 0, count: (8 - fields.count % 8) % 8)
            fields += [code, 1] + Array(type.utf8) + [0] + value
        }
        func text(_ text: String) -> [UInt8] { number(text.utf8.count) + Array(text.utf8) + [0] }
        field(1, "o", text("/a"))
        field(2, "s", text("a.b"))
        field(3, "s", text("C"))
        if !signature.isEmpty { field(8, "g", [UInt8(signature.utf8.count)] + Array(signature.utf8) + [0]) }
        let header = Array("l".utf8) + [4, 0, 1] + number(count) + number(1) + number(fields.count) + fields
        return header + [UInt8](repeating: 0, count: (8 - header.count % 8) % 8)
    }
}
