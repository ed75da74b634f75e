extension PackagePlan {
    /// The paths of the links that it makes on the host.
    var linkedPaths: [String] {
        tmpfilesLines.filter { $0.hasPrefix("L ") }.map { String($0.split(separator: " ")[1]) }
    }

    /// What would replace or change a unit of the host.
    ///
    /// - Parameter names: whether the names of the units count. Of a package that is installed, they are its own.
    public func conflicts(with host: HostUnits, names: Bool = false) -> [Finding] {
        func conflict(_ path: String, _ text: String) -> Finding { Finding(.refused, .conflict, path, text) }
        var findings: [Finding] = []
        for unit in units {
            if names, let clash = UnitName(unit.name).flatMap(host.clash) {
                findings.append(
                    conflict(
                        unit.path,
                        "it would replace or change a unit of this host, '\(clash.unit)' (\(clash.owner)); units of the host are never replaced or changed: rename it"
                    ))
            }
            for alias in unit.aliases {
                guard let clash = UnitName(alias).flatMap(host.clash) else { continue }
                findings.append(
                    conflict(
                        unit.path,
                        "its other name '\(alias)' is a unit of this host, '\(clash.unit)' (\(clash.owner)); remove the name from the package"
                    ))
            }
        }
        for reach in reaches {
            guard let clash = host.clash(with: reach.unit) else { continue }
            findings.append(
                conflict(
                    reach.path,
                    "it would change '\(clash.unit)' of this host (\(clash.owner)), and a package changes only units of its own; remove it from the package"
                ))
        }
        for name in busNames {
            if let why = host.refusal(ofBusName: name) { findings.append(conflict("usr/lib/systemd/system", why)) }
        }
        // Of a package that is installed, they are its own.
        let files = names ? conffiles.map(\.path) + linkedPaths : []
        for path in files {
            if let why = host.refusal(ofFile: path) { findings.append(conflict(String(path.dropFirst()), why)) }
        }
        for order in orders { if let why = host.refusal(of: order) { findings.append(conflict(order.path, why)) } }
        return findings
    }
}
