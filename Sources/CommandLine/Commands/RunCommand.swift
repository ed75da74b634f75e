import Glibc

/// `run NAME -- COMMAND…`: systemd-run takes the place of this process.
struct RunCommand {
    /// The releases that the command sees, the package's own first.
    let folders: [String]
    let command: [String]
    var user: String?
    /// Whether the user sits at a terminal: the command gets one, too.
    var isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1

    /// Where the command begins; nil where the present folder is gone or of another root.
    var folder = RunCommand.presentFolder

    init(_ folders: [String], _ invocation: Invocation) {
        self.folders = folders
        command = Array(invocation.arguments.dropFirst())
        user = invocation.options["user"]
    }

    private static var presentFolder: String? {
        guard let path = getcwd(nil, 0) else { return nil }
        defer { free(path) }
        let text = String(cString: path)
        // "(unreachable)/…" is none.
        return text.hasPrefix("/") ? text : nil
    }

    /// With `--wait`, systemd-run exits as the command does.
    ///
    /// systemd-run looks its program up on the host, and systemd replaces variables in its arguments: so the host's env(1), which
    /// looks the command up where the package's files are, and every `$` twice.
    var arguments: [String] {
        var arguments = ["systemd-run", "--quiet", "--wait", "--collect"]
        if let folder { arguments.append("--working-directory=\(folder)") }
        arguments.append(isTerminal ? "--pty" : "--pipe")
        arguments.append("--property=ExtensionDirectories=\(folders.joined(separator: " "))")
        if let user { arguments.append("--uid=\(user)") }
        let literal = command.map { word in
            String(word.flatMap { $0 == "$" ? ["$", "$"] : [$0] })
        }
        return arguments + ["--", "/usr/bin/env", "--"] + literal
    }
}
