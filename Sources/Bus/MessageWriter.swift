import CSDBus

/// Appends values to a new message (`sd_bus_message_append_basic(3)` and related functions).
struct MessageWriter {
    let message: OpaquePointer

    func append(_ values: [BusValue]) throws(BusError) {
        for value in values { try append(value) }
    }

    func append(_ value: BusValue) throws(BusError) {
        switch value {
        case .byte(let value): try basic("y", value)
        case .bool(let value): try basic("b", Int32(value ? 1 : 0))
        case .int16(let value): try basic("n", value)
        case .uint16(let value): try basic("q", value)
        case .int32(let value): try basic("i", value)
        case .uint32(let value): try basic("u", value)
        case .int64(let value): try basic("x", value)
        case .uint64(let value): try basic("t", value)
        case .double(let value): try basic("d", value)
        case .string(let text): try append("s", text)
        case .objectPath(let text): try append("o", text)
        case .signature(let text): try append("g", text)
        case .descriptor(let descriptor): try basic("h", descriptor.file.raw)
        case .bytes(let bytes):
            let result = bytes.withUnsafeBytes {
                sd_bus_message_append_array(message, code("y"), $0.baseAddress, $0.count)
            }
            try checked(result, "append bytes")
        case .array(let element, let elements):
            try container("a", element, elements)
        case .dictionary(let key, let value, let entries):
            try open("a", "{\(key)\(value)}")
            for entry in entries { try container("e", key + value, [entry.key, entry.value]) }
            try close()
        case .structure(let fields):
            try container("r", fields.map(\.typeSignature).joined(), fields)
        case .variant(let value):
            try container("v", value.typeSignature, [value])
        }
    }

    private func container(_ type: Unicode.Scalar, _ contents: String, _ values: [BusValue]) throws(BusError) {
        try open(type, contents)
        try append(values)
        try close()
    }

    private func open(_ type: Unicode.Scalar, _ contents: String) throws(BusError) {
        try checked(sd_bus_message_open_container(message, code(type), contents), "append \(type)\(contents)")
    }

    private func close() throws(BusError) {
        try checked(sd_bus_message_close_container(message), "close a container")
    }

    private func basic<Value: BitwiseCopyable>(_ type: Unicode.Scalar, _ value: Value) throws(BusError) {
        let result = withUnsafePointer(to: value) { sd_bus_message_append_basic(message, code(type), $0) }
        try checked(result, "append \(type)")
    }

    private func append(_ type: Unicode.Scalar, _ text: String) throws(BusError) {
        // A C string would end at the zero byte, and the peer would read a different text.
        guard !text.utf8.contains(0) else { throw BusError(BusError.invalidArguments, "a text contains a zero byte") }
        let result = text.withCString { sd_bus_message_append_basic(message, code(type), $0) }
        try checked(result, "append \(type)")
    }
}

/// The code of a type as C's `char`.
func code(_ scalar: Unicode.Scalar) -> CChar { CChar(truncatingIfNeeded: scalar.value) }
