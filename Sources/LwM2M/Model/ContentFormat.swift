/// The CoAP content formats that LwM2M uses (LwM2M Core 7.4, CoAP Content-Formats registry).
public struct ContentFormat: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let text = ContentFormat(rawValue: 0)
    public static let link = ContentFormat(rawValue: 40)
    public static let opaque = ContentFormat(rawValue: 42)
    public static let cbor = ContentFormat(rawValue: 60)
    public static let senMLJSON = ContentFormat(rawValue: 110)
    public static let senMLCBOR = ContentFormat(rawValue: 112)
    public static let tlv = ContentFormat(rawValue: 11542)
    public static let lwm2mJSON = ContentFormat(rawValue: 11543)
    public static let lwm2mCBOR = ContentFormat(rawValue: 11544)

    /// The format that the number means: servers from before LwM2M 1.0 was approved write 1542 for TLV and 1543 for LwM2M
    /// JSON. An answer carries the number that was asked for.
    public var registered: ContentFormat {
        switch rawValue {
        case 1542: .tlv
        case 1543: .lwm2mJSON
        default: self
        }
    }

    /// Whether the format names or nests what it has: several values fit into it.
    public var holdsSeveralValues: Bool {
        switch registered {
        case .tlv, .senMLJSON, .senMLCBOR, .lwm2mJSON, .lwm2mCBOR: true
        default: false
        }
    }

    public var description: String { "\(rawValue)" }
}
