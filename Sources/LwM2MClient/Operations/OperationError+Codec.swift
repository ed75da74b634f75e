import LwM2M

extension OperationError {
    /// A payload that cannot be taken: 4.15 for its format, 4.00 for its bytes and values, 4.05 for an executable.
    init(taking error: CodecError) {
        switch error {
        case .format(let text): self.init(.unsupportedContentFormat, text)
        case .malformed, .type: self.init(.badRequest, error.description)
        case .executable: self.init(.methodNotAllowed, error.description)
        case .absent: self.init(.notFound, error.description)
        }
    }

    /// A content that cannot be told: 4.06 for the format that was asked for.
    init(telling error: CodecError) {
        switch error {
        case .format(let text): self.init(.notAcceptable, text)
        case .absent: self.init(.notFound, error.description)
        case .malformed, .type, .executable: self.init(.internalServerError, error.description)
        }
    }

    var response: Response { .failure(code, message) }
}
