import Linux

/// What a check of a configuration found.
public struct ConfigurationReport: Hashable, Sendable {
    /// The files that were read, in the order in which they apply.
    public var files: [String]
    /// All problems, and what works but should be known.
    public var problems: [ConfigurationProblem]

    public init(files: [String] = [], problems: [ConfigurationProblem] = []) {
        self.files = files
        self.problems = problems
    }
}

extension ConfigurationFiles {
    /// A warning for each file that somebody may believe to be read.
    var ignoredProblems: [ConfigurationProblem] {
        do throws(Errno) {
            return try ignored().map {
                ConfigurationProblem(
                    Position($0), severity: .warning,
                    "this file is not read; rename it to end in .conf, or move it out of the folder")
            }
        } catch {
            // That the folder cannot be listed is reported by reading it.
            return []
        }
    }
}
