/// Why something is refused or failed, for programs: one list for the pipeline and for the interfaces that tell of it.
public enum RefusalCode: String, Sendable, CaseIterable {
    case badSignature = "BadSignature"
    /// The package needs what Gatekeel does not do; the text names file and line.
    case unsupported = "Unsupported"
    case noSpace = "NoSpace"
    case unmetRelation = "UnmetRelation"
    case downgrade = "Downgrade"
    case wrongArchitecture = "WrongArchitecture"
    /// Another package or the host owns what this one brings.
    case conflict = "Conflict"
    /// Another deployment runs; try again when it has ended.
    case busy = "Busy"
    case notFound = "NotFound"
    case accessDenied = "AccessDenied"
    case invalidArgument = "InvalidArgument"
    /// The host does not let it be done: the clock is kept by a time service.
    case refused = "Refused"
    /// Asked for too often.
    case tooOften = "TooOften"
    case failed = "Failed"
    /// The service does not run or does not answer; known to the caller alone, never sent.
    case unreachable = "Unreachable"

    /// The D-Bus error's name: `org.gatekeel.Error.BadSignature`.
    public var name: String { "org.gatekeel.Error.\(rawValue)" }

    /// As the reason of a deployment begins: `bad-signature`.
    public var token: String {
        rawValue.reduce(into: "") { token, letter in
            if letter.isUppercase, !token.isEmpty { token += "-" }
            token += letter.lowercased()
        }
    }
}
