import EventLoop
import LwM2M

/// Takes the header off a body that is one opaque value in TLV or CBOR, and streams the value on: a package of any size
/// passes whatever format a server picks.
final class FramedSink: UploadSink {
    enum Framing: Hashable, Sendable {
        /// One resource with value (LwM2M Core 7.4.3), of this identifier.
        case tlv(resource: UInt16)
        /// One definite byte string (RFC 8949, major type 2).
        case cbor
    }

    private let inner: any UploadSink
    private let framing: Framing
    private var header: [UInt8] = []
    /// Bytes of the value that are still to come; nil while the header is incomplete.
    private var left: UInt64?

    init(_ inner: any UploadSink, _ framing: Framing) {
        self.inner = inner
        self.framing = framing
    }

    func append(_ bytes: [UInt8]) -> Response? {
        var bytes = bytes[...]
        while left == nil, let byte = bytes.popFirst() {
            header.append(byte)
            switch framing.header(header) {
            case .incomplete: break
            case .value(let length): left = length
            case .invalid: return refuse("the payload is not one opaque value")
            }
        }
        guard let left else { return nil }
        guard UInt64(bytes.count) <= left else { return refuse("bytes follow the value") }
        self.left = left - UInt64(bytes.count)
        return bytes.isEmpty ? nil : inner.append(Array(bytes))
    }

    func whenReady(_ body: @escaping @LoopActor (Response?) -> Void) { inner.whenReady(body) }

    func finish(respond: @escaping @LoopActor (Response) -> Void) {
        guard left == 0 else {
            respond(refuse("the value ends early"))
            return
        }
        inner.finish(respond: respond)
    }

    func abort(_ reason: TransportError) { inner.abort(reason) }

    private func refuse(_ why: String) -> Response {
        inner.abort(.closed)
        return .failure(.badRequest, why)
    }
}

extension FramedSink.Framing {
    enum Header: Hashable, Sendable {
        case incomplete
        /// A value of so many bytes follows.
        case value(length: UInt64)
        case invalid
    }

    /// What these bytes, the first of a body, say; at most 9 are needed.
    func header(_ bytes: [UInt8]) -> Header {
        guard let first = bytes.first else { return .incomplete }
        let start: Int
        let lengthBytes: Int
        var short: UInt64?
        switch self {
        case .tlv(let resource):
            guard first & 0xC0 == 0xC0 else { return .invalid }
            let wide = first & 0x20 != 0
            start = wide ? 3 : 2
            guard bytes.count >= start else { return .incomplete }
            guard (wide ? UInt16(bytes[1]) << 8 | UInt16(bytes[2]) : UInt16(bytes[1])) == resource else {
                return .invalid
            }
            lengthBytes = Int(first >> 3 & 3)
            if lengthBytes == 0 { short = UInt64(first & 7) }
        case .cbor:
            guard first >> 5 == 2 else { return .invalid }
            start = 1
            switch first & 31 {
            case 0...23:
                short = UInt64(first & 31)
                lengthBytes = 0
            case 24...27: lengthBytes = 1 << Int(first & 31 - 24)
            default: return .invalid
            }
        }
        if let short { return .value(length: short) }
        guard bytes.count >= start + lengthBytes else { return .incomplete }
        return .value(length: bytes[start..<start + lengthBytes].reduce(0) { $0 << 8 | UInt64($1) })
    }
}
