import CSDEvent

/// The identifiers of this machine and of this boot.
public enum MachineIdentity {
    /// An identifier derived from /etc/machine-id and the application's identifier: `sd_id128_get_machine_app_specific(3)`.
    ///
    /// - Parameter application: the 16 bytes of the application's identifier.
    /// - Returns: 32 hexadecimal digits; nil if the machine has no identifier.
    public static func machine(for application: [UInt8]) -> String? {
        var own = sd_id128_t()
        withUnsafeMutableBytes(of: &own) { $0.copyBytes(from: application.prefix($0.count)) }
        var result = sd_id128_t()
        guard sd_id128_get_machine_app_specific(own, &result) >= 0 else { return nil }
        return text(result)
    }

    /// The identifier of this boot as 32 hexadecimal digits: `sd_id128_get_boot(3)`.
    public static var boot: String? {
        var result = sd_id128_t()
        guard sd_id128_get_boot(&result) >= 0 else { return nil }
        return text(result)
    }

    private static func text(_ identifier: sd_id128_t) -> String {
        withUnsafeBytes(of: identifier) { bytes in
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }
}
