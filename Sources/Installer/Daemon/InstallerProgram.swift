/// The two programs of this library. They are one file, because they consist of the same code: `gatekeel-recover` is a link
/// to `gatekeel-installd`, and the name under which it is started decides.
public enum InstallerProgram: String, CaseIterable, Sendable {
    case installd = "gatekeel-installd"
    case recover = "gatekeel-recover"

    /// The program that the first word of a command line asks for, as a name or a path; the daemon for any other name.
    public init(startedAs command: String?) {
        let name = command?.split(separator: "/").last.map(String.init)
        self = name.flatMap(InstallerProgram.init(rawValue:)) ?? .installd
    }

    /// Runs the program; returns its exit status.
    public static func main(_ arguments: [String] = CommandLine.arguments) -> Int32 {
        let program = InstallerProgram(startedAs: arguments.first)
        if program == .installd, arguments.dropFirst() == ["--check"] { return InstallerDaemon.check() }
        let options = program == .installd ? "--check | " : ""
        if let status = ProgramArguments.handled(program.rawValue, arguments, options: options) { return status }
        switch program {
        case .installd: return InstallerDaemon.main()
        case .recover: return Recovery.main()
        }
    }
}
