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

    public var description: String { "\(rawValue)" }
}
