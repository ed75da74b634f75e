/// Specifiers in an `[Install]` section, as `systemctl enable` expands them (`install_name_printf()` of systemd).
///
/// Those that depend on the host (`%H`, `%m`, …) are refused, and so are those that systemd leaves as they are there (`%I`):
/// what a name stands for must be known before it is installed.
struct InstallSpecifiers: Sendable {
    let unit: UnitName

    /// Stands for the instance of a template, which is known only when an instance is enabled.
    private static let anyInstance: Character = "\u{1}"

    /// A name after the expansion.
    enum Result: Hashable, Sendable {
        case name(String)
        /// The text depends on the instance, and not only as the instance of the name.
        case ofInstance(String)
        /// It has a specifier that is not expanded.
        case unknown(String)
    }

    func expand(_ text: String) -> Result {
        let expansion = Specifiers(in: text) { letter in
            switch letter {
            case "n": "\(stem).\(unit.type.rawValue)"
            case "N": stem
            case "p": unit.prefix
            case "i": instance
            case "j": unit.prefix.split(separator: "-", omittingEmptySubsequences: false).last.map(String.init) ?? ""
            default: nil
            }
        }
        switch expansion {
        case .expanded(let text): return Self.folded(text)
        case .unknown(let letter): return .unknown("%\(letter.map(String.init) ?? "")")
        }
    }

    private var instance: String { unit.isTemplate ? String(Self.anyInstance) : unit.instance ?? "" }
    private var stem: String { unit.instance == nil ? unit.prefix : "\(unit.prefix)@\(instance)" }

    /// `foo@ANY.service` is the template `foo@.service`: what holds for it holds for all of its instances.
    private static func folded(_ text: String) -> Result {
        let parts = text.split(separator: anyInstance, omittingEmptySubsequences: false)
        if parts.count == 1 { return .name(text) }
        let isInstance = parts.count == 2 && parts[0].hasSuffix("@") && parts[1].hasPrefix(".")
        return isInstance ? .name(parts.joined()) : .ofInstance(parts.joined(separator: "…"))
    }
}
