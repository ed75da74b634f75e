import Configuration

/// The effect on a running unit when systemd reads another version of its file.
public struct UnitChange: Hashable, Sendable {
    /// Whether the versions differ only in settings that take effect at the unit's next start, not in how the running unit
    /// is stopped, what it may use, or what starts or ends it.
    ///
    /// Only settings that cannot affect anything else (see `systemd.unit(5)` and related pages) count as settings of starts.
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

    /// The settings that do not concern starts only; nil if a line was not understood.
    private static func remainder(_ bytes: [UInt8]) -> [[String]]? {
        let document = IniDocument(parsing: bytes, file: "")
        guard document.problems.isEmpty else { return nil }
        return document.sections.flatMap { section in
            section.entries.filter { !ofStarts.contains($0.key) }.map { [section.header, $0.key, $0.value] }
        }
    }

    private static let ofStarts: Set<String> = [
        "Description", "Documentation",
        // The commands before and after the main one, and their environment. `ExecStart=` is not in the list: systemd
        // looks for the command that is running in the new file, and complains. `ExecReload=` runs only on request.
        "ExecCondition", "ExecStartPre", "ExecStartPost", "ExecReload", "Environment", "EnvironmentFile",
        "PassEnvironment", "UnsetEnvironment", "WorkingDirectory", "UMask", "Nice", "LimitNOFILE", "LimitNPROC",
        "LimitCORE", "LimitMEMLOCK",
        // The permissions of its processes, fixed when they start. Settings that allow devices are not in the list: the
        // devices of a control group change at once.
        "NoNewPrivileges", "CapabilityBoundingSet", "AmbientCapabilities", "SystemCallFilter",
        "SystemCallArchitectures",
        "SystemCallErrorNumber", "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime",
        "RestrictSUIDSGID",
        "LockPersonality", "MemoryDenyWriteExecute", "ProtectSystem", "ProtectHome", "ProtectHostname",
        "ProtectKernelModules", "ProtectKernelTunables", "ProtectControlGroups", "ProtectProc", "ProcSubset",
        "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths",
    ]
}
