import Bus
import Configuration
import Deployment
import EventLoop
import Journal

/// `gatekeel-recover`: early at boot, before any unit of a package, and without a message bus.
public enum Recovery {
    /// Finishes or reverts what was interrupted, and has systemd read its unit files again when some were changed.
    ///
    /// - Returns: the process's exit status. Never a reason to keep the gateway from coming up: a broken
    ///   configuration means the last one that worked or else the defaults, and what fails now is tried again by the
    ///   daemon.
    public static func main(files: ConfigurationFiles = InstallerConfiguration.files) -> Int32 {
        let policy: Policy
        do {
            let loaded = try ConfigurationStore<InstallerConfiguration>(files, keptIn: keptConfiguration).readOrKept()
            if let refused = loaded.refused { report(refused) }
            policy = Policy(loaded.configuration)
        } catch {
            report(error)
            policy = Policy()
        }
        var mustReload = false
        do {
            let notes = try BootRecovery(policy: policy, bootID: try Host.bootID()).run { mustReload = true }
            for note in notes { note.log() }
        } catch {
            Log.error(
                "An interrupted deployment could not be resolved: \("\(error)", .reason); gatekeel-installd tries again. Check the disk (dmesg) and its free space"
            )
            // Files may have been changed before it failed.
            _ = reloadSystemd()
            return 1
        }
        return mustReload ? reloadSystemd() : 0
    }

    private static func reloadSystemd() -> Int32 {
        LoopActor.spawn {
            do {
                let connection = try BusConnection.open(address: SystemdConnection.privateAddress, isBus: false)
                try await SystemdUnitManager(SystemdConnection(connection)).reload()
                connection.close()
                EventLoop.shared.exit(0)
            } catch {
                Log.error(
                    "systemd did not read its unit files again: \("\(error)", .reason); call 'systemctl daemon-reload'")
                EventLoop.shared.exit(1)
            }
        }
        return EventLoop.shared.run()
    }
}
