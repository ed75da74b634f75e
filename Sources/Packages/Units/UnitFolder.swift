/// A folder beside unit files that systemd reads for some units: `foo.service.d`, `foo-.service.wants`, `service.d`.
public struct UnitFolder: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case dropIns = ".d"
        case wants = ".wants"
        case requires = ".requires"
        case upholds = ".upholds"
    }

    public enum Subject: Hashable, Sendable {
        case unit(UnitName)
        /// Every unit of the type.
        case type(UnitType)
    }

    public let kind: Kind
    public let subject: Subject

    /// - Parameter name: without a path. Nil if systemd does not read a folder of this name.
    public init?(_ name: String) {
        for kind in Kind.allCases {
            guard let rest = name.dropSuffix(kind.rawValue) else { continue }
            self.kind = kind
            if let type = UnitType(rawValue: rest) {
                subject = .type(type)
            } else if let unit = UnitName(rest) {
                subject = .unit(unit)
            } else {
                return nil
            }
            return
        }
        return nil
    }

    /// The units that systemd reads the folder for, if they are more than one name and its instances.
    var breadth: String? {
        switch subject {
        case .type(let type): "every \(type.rawValue) unit"
        case .unit(let name) where name.isDashPrefix:
            "every \(name.type.rawValue) whose name begins with '\(name.prefix)'"
        case .unit: nil
        }
    }
}
