extension AgentConfiguration {
    /// `gatekeeld.conf(5)`.
    public static var manualPage: String {
        table.manualPage(
            paths: files.shownPaths, seeAlso: ["gatekeel(1)", "gatekeeld(8)", "installd.conf(5)", "systemd.syntax(7)"])
    }
}

extension InstallerConfiguration {
    /// `installd.conf(5)`.
    public static var manualPage: String {
        table.manualPage(
            paths: files.shownPaths,
            seeAlso: [
                "gatekeel(1)", "gatekeel-installd(8)", "gatekeel.manifest(5)", "gatekeeld.conf(5)", "systemd.syntax(7)",
            ])
    }
}

extension ConfigurationFiles {
    fileprivate var shownPaths: [String] { ["/etc/\(name)"] + roots.map { "\($0)/\(name).d/*.conf" } }
}
