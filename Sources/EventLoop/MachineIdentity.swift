import CSDEvent
import Linux

/// Who this machine is and which boot this is.
public enum MachineIdentity {
    /// An identifier that is derived from /etc/machine-id and an application's: `sd_id128_get_machine_app_specific(3)`.
    ///
    /// - Parameter application: 16 bytes that are the application's own.
    /// - Returns: 32 hexadecimal digits; nil where the machine has no identifier.
    public static func machine(for application: [UInt8]) -> String? {
        var own = sd_id128_t()
        withUnsafeMutableBytes(of: &own) { $0.copyBytes(from: application.prefix($0.count)) }
        var result = sd_id128_t()
        guard sd_id128_get_machine_app_specific(own, &result) >= 0 else { return nil }
        return text(result)
    }

    /// This boot: `sd_id128_get_boot(3)`; 32 hexadecimal digits.
    public static var boot: String? {
        var result = sd_id128_t()
        guard sd_id128_get_boot(&result) >= 0 else { return nil }
        return text(result)
    }

    private static func text(_ identifier: sd_id128_t) -> String {
        withUnsafeBytes(of: identifier) { $0.hexadecimal }
    }
}
