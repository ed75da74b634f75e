extension UnitStatus {
    /// What happened to the unit, for people: `exited with code 1`.
    var fate: String {
        switch result {
        case "exit-code", "signal", "core-dump": exit ?? "failed"
        case "timeout": "timed out"
        case "watchdog": "missed its watchdog"
        case "start-limit-hit": "failed too often"
        case "oom-kill": "ran out of memory"
        case "protocol": "did not say that it is ready"
        case "resources": "could not be started for want of resources"
        case "success", "": exit ?? (isDown ? "stopped" : "is \(activeState.rawValue)")
        default: "failed (\(result))"
        }
    }

    private var exit: String? {
        switch (exitCode, exitStatus) {
        case (1, let status):
            Self.setUpFailures[status].map { "could not be executed (\($0))" } ?? "exited with code \(status)"
        case (2, let signal): "was killed by signal \(signal)"
        case (3, let signal): "dumped core by signal \(signal)"
        default: nil
        }
    }

    /// Exit statuses of processes that systemd could not set up: `systemd.exec(5)`.
    private static let setUpFailures: [Int32: String] = [
        200: "200/CHDIR", 203: "203/EXEC", 216: "216/GROUP", 217: "217/USER", 226: "226/NAMESPACE",
        233: "233/RUNTIME_DIRECTORY", 238: "238/STATE_DIRECTORY",
    ]
}
