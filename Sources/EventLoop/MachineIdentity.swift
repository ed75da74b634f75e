import CSDEvent
import Glibc
import Linux

/// The identifiers of this machine and of this boot.
public enum MachineIdentity {
    /// An identifier derived from /etc/machine-id and the application's identifier: `sd_id128_get_machine_app_specific(3)`.
    ///
    /// - Parameter application: the 16 bytes of the application's identifier.
    /// - Returns: 32 hexadecimal digits; nil if the machine has no identifier.
    /// - Throws: when the file cannot be read: that says nothing about the identifier.
    public static func machine(for application: [UInt8]) throws(Errno) -> String? {
        var own = sd_id128_t()
        withUnsafeMutableBytes(of: &own) { $0.copyBytes(from: application.prefix($0.count)) }
        var result = sd_id128_t()
        let status = sd_id128_get_machine_app_specific(own, &result)
        return try identifier(result, status)
    }

    /// - Parameter status: what the function of sd-id128(3) returned. No file, an empty one, "uninitialized", and what is no
    ///   identifier all mean that there is none.
    static func identifier(_ value: sd_id128_t, _ status: Int32) throws(Errno) -> String? {
        if status >= 0 { return text(value) }
        guard [ENOENT, ENOMEDIUM, ENOPKG, EUCLEAN, EINVAL].contains(-status) else {
            throw Errno(-status, "read /etc/machine-id")
        }
        return nil
    }

    /// The identifier of this boot as 32 hexadecimal digits: `sd_id128_get_boot(3)`.
    public static var boot: String? {
        var result = sd_id128_t()
        guard sd_id128_get_boot(&result) >= 0 else { return nil }
        return text(result)
    }

    private static func text(_ identifier: sd_id128_t) -> String {
        withUnsafeBytes(of: identifier) { $0.hexadecimal }
    }
}
