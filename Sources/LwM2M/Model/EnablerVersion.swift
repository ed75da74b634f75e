/// A version of the LwM2M Enabler, as Register tells it (`lwm2m=`; LwM2M Core 6.2.1). A server is spoken to in one of them.
public enum EnablerVersion: Int, Hashable, Sendable, Comparable, CaseIterable, CustomStringConvertible {
    case v10, v11, v12

    public static let newest = EnablerVersion.v12

    public var description: String {
        switch self {
        case .v10: "1.0"
        case .v11: "1.1"
        case .v12: "1.2"
        }
    }

    public static func < (left: EnablerVersion, right: EnablerVersion) -> Bool { left.rawValue < right.rawValue }

    /// The content formats that Register offers (`ct=`). A client of 1.0 tells there only that it has JSON: text, opaque and TLV
    /// it must have.
    public var offeredFormats: [ContentFormat] {
        switch self {
        case .v10: [.lwm2mJSON]
        case .v11: [.text, .opaque, .cbor, .senMLJSON, .senMLCBOR, .tlv, .lwm2mJSON]
        case .v12: [.text, .opaque, .cbor, .senMLJSON, .senMLCBOR, .tlv, .lwm2mJSON, .lwm2mCBOR]
        }
    }

    /// Whether a server may use the format, by whichever number. A server of 1.1 may use LwM2M CBOR, which belongs to 1.2,
    /// without an offer.
    public func takes(_ format: ContentFormat) -> Bool {
        guard self == .v10 else { return true }
        return [.text, .link, .opaque, .tlv, .lwm2mJSON].contains(format.registered)
    }

    /// Whether times in CBOR and in LwM2M CBOR have the tag of an epoch-based time (RFC 8949, 3.4.2). LwM2M 1.1 wants a
    /// date of RFC 7049, 2.4.1; 1.2 (Appendix C) also takes a plain integer, which is shorter. Both are read.
    var tagsTimes: Bool { self < .v12 }
}
