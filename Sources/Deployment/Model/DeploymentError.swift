import Glibc
import Linux

/// Why the engine refuses or fails, with text for people; `code` maps to `org.gatekeel.Error.*`.
public struct DeploymentError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        case badSignature = "bad-signature"
        case unsupported = "unsupported"
        case noSpace = "no-space"
        case unmetRelation = "unmet-relation"
        case downgrade = "downgrade"
        case wrongArchitecture = "wrong-architecture"
        case conflict = "conflict"
        case busy = "busy"
        case notFound = "not-found"
        case accessDenied = "access-denied"
        case invalidArgument = "invalid-argument"
        case failed = "failed"
    }

    public var code: Code
    /// A sentence that says what is wrong and what to do.
    public var text: String

    public init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }

    public var description: String { text }

    /// As a deployment's reason: `downgrade: …`.
    public var reason: Reason { Reason(code.rawValue, text) }

    /// Any error as one of ours: a full disk is `noSpace`.
    public static func wrapping(_ error: any Error) -> DeploymentError {
        switch error {
        case let error as DeploymentError: error
        case let error as Errno where error.code == ENOSPC || error.code == EDQUOT:
            DeploymentError(.noSpace, "\(error); free space in the store's file system and try again")
        default: DeploymentError(.failed, "\(error)")
        }
    }
}
