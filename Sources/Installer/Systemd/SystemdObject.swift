import Bus
import EventLoop
import Linux
import Packages

/// Names of `org.freedesktop.systemd1(5)`.
enum SystemdObject {
    static let name = "org.freedesktop.systemd1"
    static let path = "/org/freedesktop/systemd1"
    static let manager = "org.freedesktop.systemd1.Manager"
    static let unit = "org.freedesktop.systemd1.Unit"

    /// The object of a unit. Asking it makes systemd load the unit, so that it need not be loaded before.
    static func path(of unit: String) -> String { "\(path)/unit/\(escaped(unit))" }

    /// `sd_bus_path_encode(3)`: letters stay, digits too unless they come first, all else is `_xx`.
    static func escaped(_ text: String) -> String {
        if text.isEmpty { return "_" }
        var result = ""
        for (index, byte) in text.utf8.enumerated() {
            let scalar = Unicode.Scalar(byte)
            switch scalar {
            case "a"..."z", "A"..."Z": result.unicodeScalars.append(scalar)
            case "0"..."9" where index > 0: result.unicodeScalars.append(scalar)
            default: result += "_" + byte.hexadecimal
            }
        }
        return result
    }

    /// The interface with a unit's own properties: `org.freedesktop.systemd1.Service`.
    static func interface(of unit: String) -> String? {
        guard let type = UnitName(unit)?.type.title else { return nil }
        return "\(name).\(type)"
    }
}
