import Configuration
import JSON
import Linux
import Packages
import Signing

/// `package info`: what installing a package on this host would come to.
struct PackageInfoCommand {
    let console: Console
    let invocation: Invocation
    /// The packages of this gateway's store, as far as they are known.
    var stored: [KnownPackage]? = []
    var keyring = KeyringCommands.folder
    var configuration = InstallerConfiguration.files
    var now = Moments.now

    private var file: String { invocation.arguments[0] }

    func run() throws(Failure) -> ExitCode {
        do {
            let package = try DebFile(path: file, .ignored)
            let control = try PackageControl(parsing: try package.controlFiles()["control"] ?? [])
            // Of a configuration with errors the daemon would keep the last good one: the defaults are the best guess.
            let install = ((try? InstallerConfiguration.load(configuration)) ?? InstallerConfiguration()).install
            let signature = signature(of: package, install)
            var refusals = signature.refusal.map { [$0] } ?? []
            var warnings: [Finding] = []
            var plan = PackagePlan(control: control)
            do {
                let forecast = try PackageForecast(of: package, on: host(), install)
                plan = forecast.plan
                refusals += forecast.refusals
                warnings = forecast.warnings
            } catch let refusal as PackageRefusal {
                refusals += refusal.findings
            }
            if stored == nil, refusals.contains(where: { $0.kind == .relation }) {
                let text = "what Gatekeel has installed is not known to this user; ask as root, or as a member of adm"
                warnings.append(Finding(.warning, .relation, "control", text))
            }
            if console.isJSON {
                console.json(json(package, plan, signature, refusals + warnings, fits: refusals.isEmpty))
            } else {
                show(package, plan, signature, refusals + warnings, fits: refusals.isEmpty)
            }
            return refusals.isEmpty ? .done : .badData
        } catch {
            throw PackageFileCommands.failure(error)
        }
    }

    private func host() throws -> PackageForecast.Host {
        var units = HostUnits()
        for folder in HostUnits.packagedFolders { try units.add(folder: folder) { _ in false } }
        return PackageForecast.Host(
            known: ((try? DpkgStatus.read()) ?? []) + (stored ?? []), units: units,
            files: DpkgFiles(folder: DpkgFiles.folder))
    }

    // MARK: The signature

    private struct Verdict {
        var text: String
        var signer = ""
        var refusal: Finding?
    }

    /// On a machine without a keyring nothing is said of the signature: it is not a gateway.
    private func signature(of package: DebFile, _ install: InstallConfiguration) -> Verdict {
        let isSigned = package.container.signature != nil
        guard let ring = try? Keyring.load(keyring), !ring.entries.isEmpty else {
            let text = isSigned ? "present, not verified: \(keyring) holds no certificates" : "none"
            guard install.requireSignature, (try? Files.exists(keyring)) == true else { return Verdict(text: text) }
            let reason = "the keyring \(keyring) holds no certificates; 'gatekeel keyring add' adds one"
            return Verdict(text: text, refusal: Finding(.refused, .unsupported, "the signature", reason))
        }
        guard isSigned || install.requireSignature else { return Verdict(text: "none") }
        do {
            let verified = try DebFile(path: file, .required(ring, time: now))
            let signer = verified.signers.first?.subject ?? ""
            return Verdict(text: "good, by \(signer)", signer: signer)
        } catch {
            let refusal = Finding(.refused, .unsupported, "the signature", "\(error)")
            return Verdict(text: isSigned ? "not accepted" : "none", refusal: refusal)
        }
    }

    // MARK: Output

    private func show(
        _ package: DebFile, _ plan: PackagePlan, _ signature: Verdict, _ findings: [Finding], fits: Bool
    ) {
        var table = TextTable("FIELD", "VALUE")
        table.add("package", plan.control.name)
        table.add("version", plan.control.version.description)
        table.add("architecture", plan.control.architecture)
        table.add("description", plan.control.summary)
        table.add("signature", signature.text)
        table.add("manifest", package.container.manifest != nil ? "present" : "none")
        for unit in plan.units { table.add("unit", unit.name + (unit.isStarted ? ", started by activate" : "")) }
        for name in plan.startedInstances { table.add("unit", "\(name), started by activate") }
        for conffile in plan.conffiles { table.add("configuration", conffile.path) }
        for migration in plan.migrations { table.add("migration", Self.text(of: migration)) }
        table.add("fits this host", fits ? "yes" : "no")
        for finding in findings {
            table.add(finding.severity == .refused ? "refused" : "warning", finding.description)
        }
        console.table(table)
    }

    private static func text(of migration: Migration) -> String {
        [migration.kind.rawValue, migration.path, migration.other].filter { !$0.isEmpty }.joined(separator: " ")
            + (migration.lastVersion.isEmpty ? "" : ", from version \(migration.lastVersion) or earlier")
    }

    private func json(
        _ package: DebFile, _ plan: PackagePlan, _ signature: Verdict, _ findings: [Finding], fits: Bool
    ) -> JSON {
        let control = plan.control
        let units: [JSON] =
            plan.units.map {
                ["name": .string($0.name), "enabled": .bool($0.isEnabled), "started": .bool($0.isStarted)]
            } + plan.startedInstances.map { ["name": .string($0), "enabled": true, "started": true] }
        let found: [JSON] = findings.map {
            [
                "severity": .string($0.severity.rawValue), "kind": .string($0.kind.rawValue), "file": .string($0.file),
                "line": .number(.init($0.line)), "text": .string($0.explanation),
            ]
        }
        return [
            "name": .string(control.name), "version": .string(control.version.description),
            "architecture": .string(control.architecture), "description": .string(control.summary),
            "signed": .bool(package.container.signature != nil), "signer": .string(signature.signer),
            "manifest": .bool(package.container.manifest != nil), "fits": .bool(fits), "units": .array(units),
            "conffiles": .array(plan.conffiles.map { .string($0.path) }),
            "migrations": .array(plan.migrations.map { .string(Self.text(of: $0)) }), "findings": .array(found),
        ]
    }
}
