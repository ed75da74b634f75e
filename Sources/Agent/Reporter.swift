import Configuration
import EventLoop
import HostObjects
import Journal
import LwM2MClient

/// Writes what the client and object 9 report into the journal.
@LoopActor
final class Reporter {
    private let endpoint: String
    /// Called after each report about a server.
    var changed: (@LoopActor () -> Void)?

    init(endpoint: String) { self.endpoint = endpoint }

    func report(_ report: ClientReport) {
        switch report {
        case .registered(let server, let location):
            Log.event(
                .registered,
                "Registered with the server \(server, .server) as \(endpoint, .endpoint) at \(location, .path)")
        case .reachedAgain(let server):
            Log.notice("The server \(server, .server) is in contact again; the registration lasted")
        case .lost(let server, let reason):
            Log.event(
                .registrationFailed,
                "The server \(server, .server) is out of reach: \(reason, .reason); retrying. 'gatekeel status' shows the next attempt; check the network and the server if it does not come back"
            )
        case .refused(let server, let code, let diagnostic):
            Log.event(
                .registrationFailed,
                "The server \(server, .server) refuses \(endpoint, .endpoint) with \(code, .code): \(diagnostic.isEmpty ? "no reason given" : diagnostic, .reason); check that this endpoint and its security are set up there"
            )
        case .deregistered(let server):
            Log.event(.deregistered, "De-registered from the server \(server, .server)")
        case .sendRefused(let server, let reason):
            Log.warning(
                "The server \(server, .server) did not take values that were sent, and they are dropped: \(reason, .reason); check that it supports Send and knows the objects, or set MuteSend=yes in its section"
            )
        case .sendDropped(let server):
            Log.warning(
                "Values for the server \(server, .server) are dropped, the oldest first: as many wait as are kept; check the way to the server, or send less often"
            )
        case .notificationsNotStored(let server, let reason):
            Log.warning(
                "What the server \(server, .server) is to be told after its outage is in memory alone: it could not be stored: \(reason, .reason); free space in /var/lib/gatekeeld, or check the disk (dmesg)"
            )
        case .disabled(let server, let seconds):
            Log.notice(
                "The server \(server, .server) has disabled itself: it is left alone for \(seconds) s, then registered with again. 'gatekeel reconnect' registers at once"
            )
        case .asleep(let server): Log.debug("Asleep for the server \(server, .server)")
        case .awake(let server): Log.debug("Awake for the server \(server, .server)")
        }
        changed?()
    }

    /// - Parameter server: whose the instance is, for the journal's field and its limits; nil: no server's.
    static func report(_ report: SoftwareManagement.Report, server: String? = nil) {
        func attributed(_ message: LogMessage) -> LogMessage { server.map { message.with(.server, $0) } ?? message }
        switch report {
        case .delivered(let instance, let package):
            Log.notice(
                attributed(
                    "Package \(package.name, .package) \(package.version, .version) is delivered to \("/9/\(instance)", .path)"
                ))
        case .refused(let instance, let result, let reason):
            Log.event(
                .packageRefused,
                attributed(
                    "\("/9/\(instance)", .path) took no package (result \(result.rawValue, .state)): \(reason, .reason); correct that, then deliver the package again"
                ))
        case .cancelled(let instance, let reason):
            Log.notice(attributed("The transfer to \("/9/\(instance)", .path) ended: \(reason, .reason)"))
        case .waiting(let instance, let reason):
            Log.event(
                .downloadWaits,
                attributed(
                    "The download for \("/9/\(instance)", .path) waits: \(reason, .reason). 'gatekeel cancel \(instance)' ends it"
                ))
        case .notStored(let error):
            Log.event(
                .storageFull,
                "The state of object 9 could not be stored: \(error, .reason); free space in /var/lib/gatekeeld, or check the disk (dmesg)"
            )
        case .unreadable(let error):
            Log.event(
                .stateUnreadable,
                LogMessage(
                    "The state of object 9 cannot be read: \("\(error)", .reason); nothing is written over it, servers can neither see nor change packages, and it is tried again by itself. Check that /var/lib/gatekeeld belongs to the user gatekeel, is writable, and its disk (dmesg)"
                ).with(.file, "/var/lib/gatekeeld/software"))
        case .damaged(let instance, let lost):
            Log.event(
                .stateRestored,
                LogMessage(
                    "The record of \("/9/\(instance)", .path) was damaged: \(lost ? "it begins anew" : "the one before it is used"). Check the disk (dmesg) if it happens again"
                ).with(.file, "The record of /9/\(instance)"))
        case .installerUnavailable(let reason):
            Log.warning(
                "gatekeel-installd does not answer, or cannot: \(reason, .reason); it is waited for. If it stays away, look at 'systemctl status gatekeel-installd'"
            )
        }
    }

    static func report(_ error: ConfigurationError) {
        for problem in error.problems {
            Log.event(
                .configurationRefused,
                "\(problem.position, .file): \(problem.section, .key) \(problem.key): \(problem.text, .reason); correct it, then 'systemctl reload-or-restart gatekeeld'"
            )
        }
    }
}
