/// Why a payload cannot be decoded, or content cannot be encoded in a format.
///
/// The operation converts it to a response code: `format` is 4.15 for a received payload and 4.06 for a requested one;
/// `malformed` and `type` are 4.00; `executable` is 4.05; `absent` is 4.04.
public enum CodecError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The content format is not supported or does not fit the path.
    case format(String)
    /// The bytes are not valid in the format or contradict the request's path. With the offset of the error.
    case malformed(String, offset: Int)
    /// A value does not have the declared type of its resource or is outside of its range.
    case type(resource: UInt16, String)
    /// A value for an executable resource.
    case executable(resource: UInt16)
    /// There is no value to encode at the path.
    case absent(Path)

    public var description: String {
        switch self {
        case .format(let text): text
        case .malformed(let text, let offset): "\(text) (at byte \(offset))"
        case .type(let resource, let text): "resource \(resource): \(text)"
        case .executable(let resource): "resource \(resource) is executable and has no value"
        case .absent(let path): "\(path) has no value"
        }
    }
}
