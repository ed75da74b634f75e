import Contract

extension DeploymentInfo {
    /// The current step, for people.
    var activity: String {
        switch state {
        case "verifying": "checking"
        case "unpacking": "unpacking beside the running version"
        case "preparing": "preparing users, folders and configuration"
        case "attaching": "installing the new units beside the running ones"
        case "exchanging": "stopping, switching and starting the units"
        case "stopping": "stopping the units"
        case "switching": "switching"
        case "starting": "starting the units"
        case "probation": "on probation: watching the units"
        case "committing": "committing"
        case "removing": "removing"
        case "revert-stopping", "revert-switching", "revert-starting": "going back to the previous version"
        case "cleaning": "cleaning up"
        default: state
        }
    }

    /// `rinetd 1.2`.
    var subject: String { version.isEmpty ? package : "\(package) \(version)" }

    /// How it ended, as a sentence.
    var outcome: String {
        let why = reason.isEmpty ? "" : " (\(reason))"
        switch result {
        case .running: return "\(subject): \(activity)"
        case .failed:
            // Nothing is promised when the previous release does not run, nor of a removal that has begun.
            let runs = operation != "remove" && !isDown
            return "\(operation) of \(subject) failed\(why)" + (runs ? "; the gateway is as before" : "")
        case .rolledBack:
            let back = previous.isEmpty ? "nothing of it is left" : "\(previous) is back"
            return "\(subject) failed its probation\(why); \(back)"
        case .done:
            switch operation {
            case "install": return "\(subject) is installed"
            case "update": return "\(package) is updated from \(previous) to \(version)"
            case "remove":
                return reason.isEmpty ? "\(package) is removed" : "\(package) is removed, but not all of it\(why)"
            case "activate": return "\(package) is active"
            case "deactivate": return "\(package) is inactive"
            case "rollback": return "\(package) is back at \(version)"
            default: return "\(operation) of \(subject) is done"
            }
        }
    }

    /// The same of a package without units: nothing of it runs.
    var outcomeWithoutUnits: String {
        operation == "activate" ? "\(package) has no units: there is nothing to activate" : outcome
    }

    var exitCode: ExitCode {
        switch result {
        case .running, .done: .done
        case .failed: .failed
        case .rolledBack: .rolledBack
        }
    }
}

extension DeploymentInfo.Result {
    /// In a table.
    var text: String {
        switch self {
        case .running: "running"
        case .done: "done"
        case .failed: "failed"
        case .rolledBack: "rolled back"
        }
    }
}
