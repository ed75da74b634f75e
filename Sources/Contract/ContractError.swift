import Bus
import Refusals

/// A refusal or failure of one of Gatekeel's services: a code for programs, a text for people.
public struct ContractError: Error, Hashable, Sendable, CustomStringConvertible {
    public typealias Code = RefusalCode

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
            // The bus's own text names rules and message types.
            self.init(
                .accessDenied,
                "you are not permitted to do that: looking needs root or the group adm, changing needs root")
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
