/// A path of the host at which systemd acts as root for a unit, or which root runs.
struct RootPath: Hashable, Sendable {
    enum Act: Hashable, Sendable {
        /// It follows a link at the path.
        ///
        /// - isOfUser: the unit's processes run as another user than root, who may have made the folder too.
        case opens(isOfUser: Bool)
        /// As `opens`; commands that run as root get the environment that is in it.
        case takesEnvironment
        /// As `opens`; of a folder it reads all files, also in folders below.
        case loads
        /// A program that runs as root.
        case runs
        /// It makes something there, and the folders on the way to it, and may remove what has the name. It does not follow a link
        /// at the path, but those on the way.
        case makes
        /// It removes what has the name, as `makes`.
        case removes

        /// A folder in which somebody else may write matters if it is so many names above, or more.
        var depth: Int {
            switch self {
            case .makes, .removes: 2
            case .opens: 1
            case .takesEnvironment, .loads, .runs: 0
            }
        }

        /// Whether it matters who may write the file itself.
        var isOfContent: Bool { self == .takesEnvironment || self == .runs }
    }

    /// Absolute; a pattern, where the instance or the host decides a part of it.
    var path: String
    var act: Act
    var file: String
    var line: Int
    /// `StandardOutput=append:/var/log/foo/x`, for people.
    var setting: String
}
