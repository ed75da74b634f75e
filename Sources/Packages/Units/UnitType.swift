/// The type of a unit: the last part of its name.
public enum UnitType: String, Sendable {
    case service, socket, target, device, mount, automount, swap, timer, path, slice, scope

    /// The types that a package may bring.
    static let packaged: [UnitType] = [.path, .service, .slice, .socket, .target, .timer]

    /// The section of a unit file for settings of the type, which is also the last word of its D-Bus interface: `Service`.
    public var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }

    /// Whether units of the type run programs.
    public var runsPrograms: Bool { [.service, .socket, .mount, .swap].contains(self) }

    /// Whether systemd accepts other names for units of this type.
    var mayAlias: Bool { [.service, .socket, .target, .timer, .path].contains(self) }
}
