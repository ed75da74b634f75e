/// Well-known names of the message bus (D-Bus specification, "Bus names").
public enum BusName {
    /// Whether it is a well-known name: elements of letters, digits, `_` and `-`, two at least, none that begins with a digit.
    public static func isValid(_ name: String) -> Bool {
        let elements = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return name.utf8.count <= 255 && elements.count > 1
            && elements.allSatisfy { element in
                guard let first = element.first, !(0x30...0x39).contains(first) else { return false }
                return element.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: true
                    default: false
                    }
                }
            }
    }

    /// Whether a name is another one with further elements.
    public static func isBelow(_ name: some StringProtocol, _ other: some StringProtocol) -> Bool {
        name.hasPrefix(other) && name.dropFirst(other.count).first == "."
    }

    /// Whether two names meet: a name that ends with `.*` stands for it and for all below it.
    public static func meet(_ name: String, _ other: String) -> Bool {
        let (short, otherShort) = (name.dropSuffix(".*"), other.dropSuffix(".*"))
        let (base, otherBase) = (short ?? name, otherShort ?? other)
        return base == otherBase || (short != nil && isBelow(otherBase, base))
            || (otherShort != nil && isBelow(base, otherBase))
    }
}

extension UnitFile {
    /// The bus names that `BusName=` gives to a service: every one that was assigned. systemd does not load two services of one name,
    /// whichever is the host's.
    var busNames: (names: [String], findings: FindingList) {
        var (names, findings): ([String], FindingList) = ([], FindingList())
        for entry in document.sections(named: "Service").flatMap(\.entries)
        where entry.key == "BusName" && !entry.value.isEmpty {
            func refuse(_ text: String) {
                findings.add(
                    Finding(.refused, .unsupported, path, line: entry.position.line, "BusName=\(entry.value): \(text)"))
            }
            guard case .name(let name) = InstallSpecifiers(unit: self.name).expand(entry.value) else {
                refuse("the instance or the host decides which name this is; write the name out")
                continue
            }
            // systemd takes no notice of what is no name.
            guard BusName.isValid(name) else { continue }
            if BusName.meet(name, "org.freedesktop.DBus.*") {
                refuse("it is a name of the message bus itself; remove it")
            }
            names.append(name)
        }
        return (names, findings)
    }
}
