import Linux
import State

/// The files of a configuration as they were at one moment: what is checked, used, and kept is one and the same text.
public struct ConfigurationSnapshot: Hashable, Sendable {
    public struct File: Hashable, Sendable {
        public let path: String
        public let bytes: [UInt8]

        public init(path: String, bytes: [UInt8]) {
            self.path = path
            self.bytes = bytes
        }
    }

    /// In the order in which they apply.
    public let files: [File]
    /// Files that could not be read.
    let problems: [ConfigurationProblem]

    public init(files: [File]) {
        self.files = files
        problems = []
    }

    init(files: [File], problems: [ConfigurationProblem]) {
        self.files = files
        self.problems = problems
    }

    /// Parses the files.
    func documents(limits: IniLimits = IniLimits()) -> [IniDocument] {
        files.map { IniDocument(parsing: $0.bytes, file: $0.path, limits: limits) }
    }
}

// MARK: To keep it

extension ConfigurationSnapshot {
    /// The most bytes of a kept snapshot: far above what an administrator writes.
    public static let keptLimit = 1 << 20

    /// The bytes of a file that keeps it. Each file is a line `file LENGTH-OF-PATH LENGTH`, then its path and its bytes.
    public var kept: [UInt8] {
        files.reduce(into: Array("\(Self.keptKind) \(Self.keptFormat)\n".utf8)) { bytes, file in
            bytes += Array("file \(file.path.utf8.count) \(file.bytes.count)\n".utf8) + file.path.utf8 + file.bytes
            bytes.append(0x0A)
        }
    }

    private static let keptKind = "gatekeel-configuration"
    private static let keptFormat = 1

    /// What was kept; nil for any other bytes.
    ///
    /// - Throws: for a format of a newer release.
    public init?(kept bytes: [UInt8]) throws(NewerFormat) {
        var rest = bytes[...]
        guard let header = Self.line(&rest)?.split(separator: " "), header.count == 2, header[0] == Self.keptKind,
            let format = Int(header[1])
        else { return nil }
        guard format <= Self.keptFormat else { throw NewerFormat(found: format, known: Self.keptFormat) }
        guard format == Self.keptFormat else { return nil }
        var files: [File] = []
        while !rest.isEmpty {
            guard let words = Self.line(&rest)?.split(separator: " "), words.count == 3, words[0] == "file",
                let pathLength = Int(words[1]), let length = Int(words[2]), pathLength >= 0, length >= 0,
                let path = Self.take(pathLength, &rest).flatMap({ String(validating: $0, as: UTF8.self) }),
                let content = Self.take(length, &rest), Self.take(1, &rest) == [0x0A]
            else { return nil }
            files.append(File(path: path, bytes: Array(content)))
        }
        self.init(files: files)
    }

    private static func line(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let end = rest.firstIndex(of: 0x0A) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return String(validating: rest[..<end], as: UTF8.self)
    }

    private static func take(_ count: Int, _ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
