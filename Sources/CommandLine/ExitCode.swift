import Contract
import Glibc
import Linux

/// How the program ends, for scripts. The numbers from 64 on are those of `sysexits(3)`.
enum ExitCode: Int32, CaseIterable {
    case done = 0
    case failed = 1
    case unhealthy = 2
    case notFound = 3
    case rolledBack = 4
    case refused = 5
    case notUnderstood = 6
    case usage = 64
    case badData = 65
    case noInput = 66
    case unavailable = 69
    case noSpace = 73
    case outputLost = 74
    case tryAgain = 75
    case notPermitted = 77
    case badConfiguration = 78
    case interrupted = 130

    /// As JSON names it: `not-found`.
    var name: String {
        "\(self)".reduce(into: "") { name, letter in
            if letter.isUppercase { name += "-" }
            name += letter.lowercased()
        }
    }

    /// For the man page.
    var documentation: String {
        switch self {
        case .done: "All went well."
        case .failed: "It failed. The text says why, and which version of a package runs now."
        case .unhealthy:
            "status --check only: the gateway is not registered with one of its servers (unless that has disabled itself), an "
                + "enabled package is not active, a configuration was refused, or state cannot be read."
        case .notFound: "There is no such package, deployment, path or link."
        case .rolledBack: "The new version was switched in and failed its probation; the previous one is back."
        case .refused:
            "The host does not allow it: a relation is not met, something conflicts, the version is lower than one that was "
                + "kept, or the package is for another architecture."
        case .notUnderstood:
            "package suggest and package sign --suggest only: lines of the maintainer scripts were not understood, and nothing "
                + "is signed."
        case .usage: "The command line is wrong: an unknown command or option, or an argument that cannot be one."
        case .badData: "The package, its signature or its manifest is not acceptable."
        case .noInput: "A file cannot be read."
        case .unavailable: "The daemon does not run, does not answer, or cannot read its state."
        case .noSpace: "There is not enough space."
        case .outputLost: "Standard output cannot be written. A deployment that had begun goes on in the daemon."
        case .tryAgain: "Another deployment is running (with --no-wait), or the limit of calls is reached. Try again."
        case .notPermitted: "You are not permitted to do that. Changing needs root, looking needs the group adm."
        case .badConfiguration: "The configuration has errors."
        case .interrupted: "Interrupted by Ctrl-C. A deployment that had begun goes on in the daemon."
        }
    }

    init(_ code: ContractError.Code) {
        switch code {
        case .badSignature, .unsupported: self = .badData
        case .invalidArgument: self = .usage
        case .noSpace: self = .noSpace
        case .unmetRelation, .downgrade, .wrongArchitecture, .conflict, .refused: self = .refused
        case .busy, .tooOften: self = .tryAgain
        case .notFound: self = .notFound
        case .accessDenied: self = .notPermitted
        case .unreachable, .unavailable: self = .unavailable
        case .failed: self = .failed
        }
    }
}

/// The failure of a command: a code for scripts, a text for people.
struct Failure: Error {
    let code: ExitCode
    /// Empty when everything has been written already.
    let text: String

    init(_ code: ExitCode, _ text: String) {
        self.code = code
        self.text = text
    }

    /// For a file that could not be written.
    init(writing error: Errno) {
        let code: ExitCode =
            switch error.code {
            case EACCES, EPERM, EROFS: .notPermitted
            case ENOSPC, EDQUOT: .noSpace
            default: .failed
            }
        self.init(code, "\(error)")
    }

    init(_ error: ContractError, asking service: String = "") {
        let unreachable = "\(service.isEmpty ? "the daemon" : service) does not answer: \(error.text)"
        self.init(ExitCode(error.code), error.code == .unreachable ? unreachable : error.text)
    }
}
