/// A line of a file, for messages: `/etc/gatekeel/gatekeeld.conf:12`.
public struct Position: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// Counted from 1; 0 stands for the file as a whole.
    public var line: Int

    public init(_ file: String, _ line: Int = 0) {
        self.file = file
        self.line = line
    }

    public var description: String { line > 0 ? "\(file):\(line)" : file }
}
