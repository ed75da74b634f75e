import Glibc
import Linux
import Refusals

/// Why the engine refuses or fails, with text for people.
public struct DeploymentError: Error, Hashable, Sendable, CustomStringConvertible {
    public typealias Code = RefusalCode

    public var code: Code
    /// A sentence that says what is wrong and what to do.
    public var text: String

    public init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }

    public var description: String { text }

    /// As a deployment's reason: `downgrade: …`.
    public var reason: Reason { Reason(code.token, text) }

    /// Makes a `DeploymentError` of any error; a full disk becomes `noSpace`.
    public static func wrapping(_ error: any Error) -> DeploymentError {
        switch error {
        case let error as DeploymentError: error
        case let error as Errno where error.code == ENOSPC || error.code == EDQUOT:
            DeploymentError(.noSpace, "\(error); free space in the store's file system and try again")
        default: DeploymentError(.failed, "\(error)")
        }
    }
}
