import LwM2M

/// A CoAP code: class and detail (RFC 7252, 12.1), or a method.
public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    private init(_ codeClass: UInt8, _ detail: UInt8) { rawValue = codeClass << 5 | detail }

    public static let empty = Code(0, 0)
    public static let get = Code(0, 1)
    public static let post = Code(0, 2)
    public static let put = Code(0, 3)
    public static let delete = Code(0, 4)
    public static let fetch = Code(0, 5)
    public static let patch = Code(0, 6)
    public static let iPatch = Code(0, 7)

    public static let created = Code(2, 1)
    public static let deleted = Code(2, 2)
    public static let valid = Code(2, 3)
    public static let changed = Code(2, 4)
    public static let content = Code(2, 5)
    public static let `continue` = Code(2, 31)
    public static let badRequest = Code(4, 0)
    public static let unauthorized = Code(4, 1)
    public static let badOption = Code(4, 2)
    public static let forbidden = Code(4, 3)
    public static let notFound = Code(4, 4)
    public static let methodNotAllowed = Code(4, 5)
    public static let notAcceptable = Code(4, 6)
    public static let requestEntityIncomplete = Code(4, 8)
    public static let conflict = Code(4, 9)
    public static let preconditionFailed = Code(4, 12)
    public static let requestEntityTooLarge = Code(4, 13)
    public static let unsupportedContentFormat = Code(4, 15)
    public static let tooManyRequests = Code(4, 29)
    public static let internalServerError = Code(5, 0)
    public static let notImplemented = Code(5, 1)
    public static let serviceUnavailable = Code(5, 3)

    public var codeClass: UInt8 { rawValue >> 5 }
    public var isSuccess: Bool { codeClass == 2 }

    /// `4.05`.
    public var description: String {
        let detail = rawValue & 31
        return "\(codeClass).\(detail < 10 ? "0" : "")\(detail)"
    }
}

/// A request, whole: its blocks are put together (or streamed away) below, its duplicates answered below.
public struct Request: Hashable, Sendable {
    public var method: Code
    /// Uri-Path, segment by segment.
    public var path: [String]
    /// Uri-Query, one by one: `pmin=5`.
    public var query: [String]
    /// Content-Format, a number of the registry; nil when absent.
    public var contentFormat: UInt16?
    /// Accept; nil when absent.
    public var accept: UInt16?
    /// Observe (RFC 7641): 0 registers, 1 cancels; nil when absent.
    public var observe: UInt32?
    /// The token, by which an observation is known.
    public var token: [UInt8]
    public var payload: [UInt8]
    /// Unknown options that are critical: the handler answers 4.02 when there are any.
    public var unknownCriticalOptions: [UInt16]
    /// The size exponent of Block2 (RFC 7959, 2.2) of a request that was received: its sender wants blocks of at most 16 << so many bytes,
    /// of notifications too. nil when absent. A request of ours goes without.
    public var blockExponent: UInt8?

    public init(
        _ method: Code, path: [String], query: [String] = [], contentFormat: UInt16? = nil, accept: UInt16? = nil,
        observe: UInt32? = nil, token: [UInt8] = [], payload: [UInt8] = [], unknownCriticalOptions: [UInt16] = [],
        blockExponent: UInt8? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.contentFormat = contentFormat
        self.accept = accept
        self.observe = observe
        self.token = token
        self.payload = payload
        self.unknownCriticalOptions = unknownCriticalOptions
        self.blockExponent = blockExponent
    }
}

/// A response, whole.
public struct Response: Hashable, Sendable {
    public var code: Code
    public var contentFormat: UInt16?
    /// Location-Path, segment by segment (answers to Register and Create).
    public var locationPath: [String]
    /// Observe's sequence value; set when an observation was accepted, and on every notification.
    public var observe: UInt32?
    /// Max-Age in seconds; nil leaves CoAP's default of 60.
    public var maxAge: UInt32?
    public var payload: [UInt8]

    public init(
        _ code: Code, contentFormat: UInt16? = nil, locationPath: [String] = [], observe: UInt32? = nil,
        maxAge: UInt32? = nil, payload: [UInt8] = []
    ) {
        self.code = code
        self.contentFormat = contentFormat
        self.locationPath = locationPath
        self.observe = observe
        self.maxAge = maxAge
        self.payload = payload
    }

    /// A peer's diagnostic payload as one line of text: at most 128 bytes, and no control characters, for it is shown and stored.
    var diagnostic: String {
        let text = String(decoding: payload.prefix(128), as: UTF8.self)
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.isControl ? " " : $0 }))
    }

    /// An error with a diagnostic payload (RFC 7252, 5.5.2): UTF-8 text for people, no content format.
    public static func failure(_ code: Code, _ diagnostic: String) -> Response {
        Response(code, payload: Array(diagnostic.utf8))
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isControl: Bool { generalCategory == .control }
}
