import Configuration

extension CommandTable {
    /// `gatekeel(1)`.
    static var manualPage: String {
        var page = ManualPage(title: "gatekeel", section: 1)
        page.heading("NAME")
        page.text("gatekeel - \(purpose)")
        page.heading("SYNOPSIS")
        page.lines(["gatekeel COMMAND [OPTION]... [ARGUMENT]..."])
        page.heading("DESCRIPTION")
        page.paragraph(
            "gatekeel talks to the daemons gatekeeld and gatekeel-installd over the system bus. On a terminal it shows "
                + "tables and, for long work, a bar of progress; otherwise plain lines with fields separated by tabs and "
                + "without headings; with --json, JSON. Root may change things; members of the group adm may look.")
        page.paragraph(
            "Ctrl-C ends gatekeel, never a deployment: a deployment that has begun continues in gatekeel-installd, even if "
                + "that is killed and starts again. If another deployment is running, a command that begins one waits for its "
                + "turn.")
        page.heading("COMMANDS")
        for declaration in commands {
            page.item(declaration.usage)
            page.text(declaration.documentation)
            for option in declaration.options { page.indented("\(option.allForms): \(option.documentation)") }
        }
        page.heading("OPTIONS")
        for option in common {
            page.item(option.allForms)
            page.text(option.documentation)
        }
        page.heading("EXIT STATUS")
        for code in ExitCode.allCases {
            page.item("\(code.rawValue)")
            page.text(code.documentation)
        }
        page.heading("EXAMPLES")
        for (text, line) in examples { page.example(text, [line]) }
        page.heading("FILES")
        page.lines(["/etc/gatekeel/gatekeeld.conf", "/etc/gatekeel/installd.conf", "/etc/gatekeel/keyring.d/*.pem"])
        page.heading("SEE ALSO")
        page.text(
            "gatekeeld(8), gatekeel-installd(8), gatekeeld.conf(5), installd.conf(5), gatekeel.manifest(5), journalctl(1)"
        )
        return page.source
    }
}
