import Contract
import Glibc

/// The command line of a program that takes its configuration from files.
public enum ProgramArguments {
    /// - Returns: nil to go on; an exit status when there is nothing to run: 0 after `--version`, 64 (`EX_USAGE`).
    ///
    /// - Parameter options: what else the program takes, for its usage.
    public static func handled(
        _ program: String, _ arguments: [String] = CommandLine.arguments, options: String = ""
    ) -> Int32? {
        if arguments.count < 2 { return nil }
        if arguments.count == 2, arguments[1] == "--version" {
            say("\(program) \(Product.version)\n", STDOUT_FILENO)
            return 0
        }
        say("usage: \(program) [\(options)--version]\n", STDERR_FILENO)
        return 64
    }

    private static func say(_ text: String, _ descriptor: Int32) {
        text.withCString { _ = write(descriptor, $0, strlen($0)) }
    }
}
