/// Why a request is refused or failed, for programs. The pipeline and the interfaces use the same list.
public enum RefusalCode: String, Sendable, CaseIterable {
    case badSignature = "BadSignature"
    /// The package needs something that Gatekeel does not support; the text names file and line.
    case unsupported = "Unsupported"
    case noSpace = "NoSpace"
    case unmetRelation = "UnmetRelation"
    case downgrade = "Downgrade"
    case wrongArchitecture = "WrongArchitecture"
    /// Another package or the host owns something that this package contains.
    case conflict = "Conflict"
    /// Another deployment is in progress; try again when it has ended.
    case busy = "Busy"
    case notFound = "NotFound"
    case accessDenied = "AccessDenied"
    case invalidArgument = "InvalidArgument"
    /// The host does not allow it: a time service keeps the clock.
    case refused = "Refused"
    /// Requested too often.
    case tooOften = "TooOften"
    case failed = "Failed"
    /// The service runs and cannot do its work: what it needs cannot be read now. It tries again by itself.
    case unavailable = "Unavailable"
    /// The service is not running or does not answer. It is only found by callers and never sent.
    case unreachable = "Unreachable"

    /// The D-Bus error's name: `org.gatekeel.Error.BadSignature`.
    public var name: String { "org.gatekeel.Error.\(rawValue)" }

    /// The token that begins a deployment's reason: `bad-signature`.
    public var token: String {
        rawValue.reduce(into: "") { token, letter in
            if letter.isUppercase, !token.isEmpty { token += "-" }
            token += letter.lowercased()
        }
    }
}
