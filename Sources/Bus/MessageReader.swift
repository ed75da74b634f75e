import CSDBus
import Glibc
import Linux

/// Reads the values of a received message within limits (`sd_bus_message_read_basic(3)` and related functions).
struct MessageReader {
    let message: OpaquePointer
    /// The number of values that may still be read: a message of 128 MiB must not become gigabytes of values.
    private var budget = 100_000
    private let deepest = 32

    init(_ message: OpaquePointer) { self.message = message }

    /// All values from the beginning of the message.
    static func values(_ message: OpaquePointer) throws(BusError) -> [BusValue] {
        try checked(sd_bus_message_rewind(message, 1), "read a message")
        var reader = MessageReader(message)
        return try reader.rest(depth: 0)
    }

    /// The remaining values of the current container.
    private mutating func rest(depth: Int) throws(BusError) -> [BusValue] {
        var values: [BusValue] = []
        while let value = try next(depth: depth) { values.append(value) }
        return values
    }

    private mutating func next(depth: Int) throws(BusError) -> BusValue? {
        var type: CChar = 0
        var pointer: UnsafePointer<CChar>?
        guard try checked(sd_bus_message_peek_type(message, &type, &pointer), "read a message") > 0 else { return nil }
        // Copy it now: the pointer is valid only until the next peek.
        let contents = pointer.map { String(cString: $0) } ?? ""
        budget -= 1
        guard budget > 0, depth < deepest else {
            throw BusError(BusError.invalidArguments, "the message has too many values or is nested too deeply")
        }
        switch Unicode.Scalar(UInt8(truncatingIfNeeded: type)) {
        case "a" where contents == "y": return .bytes(try bytes())
        case "a" where contents.hasPrefix("{"): return try dictionary(contents, depth)
        case "a": return .array(of: contents, try container(type, contents, depth))
        case "r": return .structure(try container(type, contents, depth))
        case "v":
            guard let value = try container(type, contents, depth).first else { throw truncated }
            return .variant(value)
        case let basic: return try self.basic(basic)
        }
    }

    private mutating func container(_ type: CChar, _ contents: String, _ depth: Int) throws(BusError) -> [BusValue] {
        try checked(sd_bus_message_enter_container(message, type, contents), "read a container")
        let values = try rest(depth: depth + 1)
        try checked(sd_bus_message_exit_container(message), "leave a container")
        return values
    }

    private mutating func dictionary(_ contents: String, _ depth: Int) throws(BusError) -> BusValue {
        // `{sv}`: a key has a basic type, which is one character.
        let inner = contents.dropFirst().dropLast()
        try checked(sd_bus_message_enter_container(message, code("a"), contents), "read a dictionary")
        var entries: [BusEntry] = []
        while try checked(sd_bus_message_at_end(message, 0), "read a dictionary") == 0 {
            let pair = try container(code("e"), String(inner), depth + 1)
            guard pair.count == 2 else { throw truncated }
            entries.append(BusEntry(pair[0], pair[1]))
        }
        try checked(sd_bus_message_exit_container(message), "leave a dictionary")
        return .dictionary(key: String(inner.prefix(1)), value: String(inner.dropFirst()), entries)
    }

    private func bytes() throws(BusError) -> [UInt8] {
        var pointer: UnsafeRawPointer?
        var count = 0
        try checked(sd_bus_message_read_array(message, code("y"), &pointer, &count), "read bytes")
        return [UInt8](UnsafeRawBufferPointer(start: pointer, count: count))
    }

    private func basic(_ type: Unicode.Scalar) throws(BusError) -> BusValue {
        switch type {
        case "y": .byte(try read(type, 0))
        case "b": .bool(try read(type, Int32(0)) != 0)
        case "n": .int16(try read(type, 0))
        case "q": .uint16(try read(type, 0))
        case "i": .int32(try read(type, 0))
        case "u": .uint32(try read(type, 0))
        case "x": .int64(try read(type, 0))
        case "t": .uint64(try read(type, 0))
        case "d": .double(try read(type, 0))
        case "s": .string(try text(type))
        case "o": .objectPath(try text(type))
        case "g": .signature(try text(type))
        case "h": .descriptor(try descriptor())
        default: throw BusError(BusError.invalidArguments, "a value has the unknown type '\(type)'")
        }
    }

    private func read<Value: BitwiseCopyable>(_ type: Unicode.Scalar, _ initial: Value) throws(BusError) -> Value {
        var value = initial
        let result = withUnsafeMutablePointer(to: &value) { sd_bus_message_read_basic(message, code(type), $0) }
        guard try checked(result, "read \(type)") > 0 else { throw truncated }
        return value
    }

    private func text(_ type: Unicode.Scalar) throws(BusError) -> String {
        let pointer: UnsafePointer<CChar>? = try read(type, nil)
        return pointer.map { String(cString: $0) } ?? ""
    }

    private func descriptor() throws(BusError) -> BusDescriptor {
        // The message owns its descriptor and closes it, so make a duplicate.
        let number: Int32 = try read("h", -1)
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw BusError(result: errno, "duplicate a descriptor") }
        return BusDescriptor(FileDescriptor(owning: copy))
    }

    private var truncated: BusError { BusError(BusError.invalidArguments, "the message is truncated") }
}
