/// Why a payload cannot be decoded, or a content not be encoded in a format.
///
/// The operation makes the response code of it: `format` is 4.15 for a payload that came and 4.06 for one that was asked
/// for; `malformed` and `type` are 4.00; `executable` is 4.05; `absent` is 4.04.
public enum CodecError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The content format is not supported, or does not fit what the path names.
    case format(String)
    /// The bytes are not of the format, or contradict the request's path; the offset where it shows.
    case malformed(String, offset: Int)
    /// A value is not of the declared type or range of its resource.
    case type(resource: UInt16, String)
    /// A value for a resource that is executed.
    case executable(resource: UInt16)
    /// What was to be encoded has nothing at the path.
    case absent(Path)

    public var description: String {
        switch self {
        case .format(let text): text
        case .malformed(let text, let offset): "\(text) (at byte \(offset))"
        case .type(let resource, let text): "resource \(resource): \(text)"
        case .executable(let resource): "resource \(resource) is executed, it has no value"
        case .absent(let path): "nothing at \(path)"
        }
    }
}
