/// What maintainer scripts would make of a host that never had the package.
struct SuggestedHost: Sendable {
    struct Folder: Hashable, Sendable {
        var owner: String
        var group: String
        var mode: UInt32
    }

    /// Homes by user; empty for none.
    var users: [String: String] = [:]
    var groups: Set<String> = []
    var members: Set<PackageManifest.Member> = []
    /// By path.
    var folders: [String: Folder] = [:]
    /// Files of the package whose owner or mode changes, and copies of templates, by path.
    var files: [String: FileRule] = [:]
    /// Templates of the package, by the temporary files that they were copied to.
    var origins: [String: String] = [:]
    /// Targets of links, by path.
    var links: [String: String] = [:]
    /// Folders and files that only lines name which are not run where the package is new.
    var unlikely: Set<String> = []
    /// Files and links that a line makes, which no word of a manifest can say.
    var made: Set<String> = []
}

/// A line of a maintainer script, and what is to say of it.
public struct SuggestionRemark: Hashable, Sendable, CustomStringConvertible {
    /// `postinst`, or a file that it reads.
    public var file: String
    /// Counted from 1.
    public var line: Int
    /// The line itself, at most 160 characters.
    public var text: String
    /// For people: why it is not in the manifest.
    public var reason: String

    public var description: String { "\(file):\(line): \(text) (\(reason))" }
}
