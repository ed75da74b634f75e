import Configuration

/// What becomes of a unit that runs when systemd reads another version of its file.
public struct UnitChange: Hashable, Sendable {
    /// Neither how it is stopped, nor what it may use, nor what starts or ends it: the versions differ in nothing but
    /// what counts at the unit's next start.
    ///
    /// Of what `systemd.unit(5)` and its kin describe, only settings are taken to be of starts that can be nothing else.
    public let isOfStartsAlone: Bool

    public init(from old: [UInt8], to new: [UInt8]) {
        if old == new {
            isOfStartsAlone = true
        } else if let old = Self.remainder(old), let new = Self.remainder(new) {
            isOfStartsAlone = old == new
        } else {
            isOfStartsAlone = false
        }
    }

    /// What is said beside starts; nil when a line of it was not understood.
    private static func remainder(_ bytes: [UInt8]) -> [[String]]? {
        let document = IniDocument(parsing: bytes, file: "")
        guard document.problems.isEmpty else { return nil }
        return document.sections.flatMap { section in
            section.entries.filter { !ofStarts.contains($0.key) }.map { [section.header, $0.key, $0.value] }
        }
    }

    private static let ofStarts: Set<String> = [
        "Description", "Documentation",
        // What is run before and after, and with what around it. (`ExecStart=` is not among them: systemd would look for
        // the command that runs, and complain.) `ExecReload=` is run when someone asks for it.
        "ExecCondition", "ExecStartPre", "ExecStartPost", "ExecReload", "Environment", "EnvironmentFile",
        "PassEnvironment", "UnsetEnvironment", "WorkingDirectory", "UMask", "Nice", "LimitNOFILE", "LimitNPROC",
        "LimitCORE", "LimitMEMLOCK",
        // What its processes may do, decided when they are made. (Those that have devices allowed are not among them: a
        // control group's devices change at once.)
        "NoNewPrivileges", "CapabilityBoundingSet", "AmbientCapabilities", "SystemCallFilter",
        "SystemCallArchitectures",
        "SystemCallErrorNumber", "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime",
        "RestrictSUIDSGID",
        "LockPersonality", "MemoryDenyWriteExecute", "ProtectSystem", "ProtectHome", "ProtectHostname",
        "ProtectKernelModules", "ProtectKernelTunables", "ProtectControlGroups", "ProtectProc", "ProcSubset",
        "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths",
    ]
}
