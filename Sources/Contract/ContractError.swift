import Bus

/// A refusal or failure of one of Gatekeel's services: a code for programs, a text for people.
public struct ContractError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
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
    }

    public var code: Code
    public var text: String

    public init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }

    public var description: String { text }

    /// As it goes over the bus.
    public var busError: BusError { BusError(code.name, text) }

    /// From what came over the bus, or did not.
    public init(_ error: BusError) {
        switch error.name {
        case BusError.accessDenied:
            self.init(.accessDenied, "\(error.message) (you may need to be root or in the group adm)")
        case BusError.serviceUnknown, BusError.nameHasNoOwner, BusError.noReply, BusError.disconnected,
            "org.freedesktop.DBus.Error.Timeout", "org.freedesktop.DBus.Error.Spawn.ChildExited":
            self.init(.unreachable, error.message)
        case BusError.invalidArguments:
            self.init(.invalidArgument, error.message)
        default:
            let code = Code.allCases.first { $0.name == error.name }
            self.init(code ?? .failed, error.message)
        }
    }
}
