import EventLoop
import Linux

/// The endpoint client name where the configuration has none.
enum EndpointName {
    /// The name that the configuration gives, or else the derived one.
    static func chosen(
        _ configured: String?, derived: Result<String?, Errno> = derived
    ) throws(AgentStartFailure) -> String {
        switch name(configured, derived: derived) {
        case .success(let name?): return name
        case .success(nil): break
        case .failure(let error):
            throw AgentStartFailure("the identifier of this machine cannot be read: \(error)", .passing)
        }
        throw AgentStartFailure(
            "this machine has no /etc/machine-id to derive an endpoint name from; set Endpoint= in the section [Agent] "
                + "of gatekeeld.conf, or run systemd-machine-id-setup",
            .permanent)
    }

    /// The same; nil when there is none.
    static func name(
        _ configured: String?, derived: Result<String?, Errno> = derived
    ) -> Result<String?, Errno> {
        configured.map { .success($0) } ?? derived
    }

    /// `gatekeel-` and an identifier derived from the machine's: host names collide in a fleet, and the machine-id itself is
    /// not for strangers (machine-id(5)).
    static var derived: Result<String?, Errno> {
        do throws(Errno) {
            return .success(try MachineIdentity.machine(for: application).map { "gatekeel-\($0)" })
        } catch {
            return .failure(error)
        }
    }

    /// Gatekeel's own, for `sd_id128_get_machine_app_specific(3)`. It never changes: servers know gateways by what it gives.
    private static let application: [UInt8] = [
        0x5C, 0x2E, 0x9B, 0x0F, 0x41, 0xD7, 0x4A, 0x63, 0x8F, 0x11, 0xE4, 0x3A, 0x97, 0x6D, 0x20, 0xB8,
    ]
}
