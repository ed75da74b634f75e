import Configuration
import Glibc
import JSON
import Linux
import Packages
import Signing

/// `package sign`, `verify`, `info`: on files, without a daemon.
struct PackageFileCommands {
    let console: Console
    let invocation: Invocation
    var now = Moments.now
    /// Asks a question on the terminal; nil without one.
    var ask: ((String) -> Bool)? = PackageFileCommands.terminal

    var file: String { invocation.arguments[0] }

    func sign() throws(Failure) -> ExitCode {
        try checkSuggestOptions()
        let key = try read("key", limit: 1 << 16)
        let certificates = try read("certificate", limit: 1 << 18)
        let passphrase =
            try invocation.has("passphrase-file") ? Self.firstLine(read("passphrase-file", limit: 4096)) : nil
        var manifest: [UInt8]?
        if let path = invocation.options["manifest"] {
            let bytes = try read("manifest", limit: PackageManifest.sizeLimit)
            do throws(ConfigurationError) {
                _ = try PackageManifest(parsing: bytes, file: path)
            } catch {
                throw Failure(.badData, "\(error)")
            }
            manifest = bytes
        }
        let suggestion = try suggestedToSign()
        if let suggestion, suggestion.isNeeded { manifest = Array(suggestion.manifest.utf8) }
        let output = invocation.options["output"] ?? file
        do {
            let identity = try SigningIdentity(key: key, passphrase: passphrase, certificates: certificates)
            if let text = warning(identity.certificate) { console.complain("warning: \(text)") }
            try DebSigner.sign(
                file, to: output, with: identity, manifest: manifest, replacing: invocation.has("replace"))
            if console.isJSON {
                console.json([
                    "file": .string(output), "signer": .string(identity.certificate.subject),
                    "suggestion": suggestion.map(Self.json) ?? .null,
                ])
            } else {
                console.line("\(output) is signed by \(identity.certificate.subject)")
            }
        } catch {
            throw Self.failure(error)
        }
        return .done
    }

    /// Gateways refuse a signature whose certificate is not valid.
    private func warning(_ certificate: Certificate) -> String? {
        if certificate.notAfter < now {
            return
                "the certificate \(certificate.subject) expired on \(Moments.text(certificate.notAfter)); gateways refuse "
                + "the package; sign it with a new certificate"
        }
        guard certificate.notBefore > now else { return nil }
        return
            "the certificate \(certificate.subject) is not valid before \(Moments.text(certificate.notBefore)); gateways "
            + "refuse the package until then; check this machine's clock"
    }

    func verify() throws(Failure) -> ExitCode {
        let folder = invocation.options["keyring"] ?? KeyringCommands.folder
        do {
            let keyring = try Keyring.load(folder)
            if keyring.entries.isEmpty {
                throw Failure(
                    .badData, "the keyring \(folder) holds no certificates; \"gatekeel keyring add\" adds one")
            }
            let package = try DebFile(path: file, .required(keyring, time: Moments.now))
            if console.isJSON {
                console.json(
                    .array(
                        package.signers.map {
                            [
                                "subject": .string($0.subject), "issuer": .string($0.issuer),
                                "sha256": .string($0.fingerprint), "not-after": .number(.init($0.notAfter)),
                                "signed-at": .number(.init($0.signingTime ?? 0)), "digest": .string($0.digest),
                            ]
                        }))
            } else {
                for signer in package.signers {
                    let time = signer.signingTime.map { " on \(Moments.text($0))" } ?? ""
                    console.line("\(file): good signature by \(signer.subject)\(time), issued by \(signer.issuer)")
                }
            }
        } catch {
            throw Self.failure(error)
        }
        return .done
    }

    func info() throws(Failure) -> ExitCode {
        do {
            let package = try DebFile(path: file, .ignored)
            let control = try PackageControl(parsing: try package.controlFiles()["control"] ?? [])
            let known = (try? DpkgStatus.read()) ?? []
            var plan: PackagePlan?
            var findings: [Finding]
            do {
                let made = try package.plan(known: known)
                plan = made
                findings = made.warnings
            } catch let refusal as PackageRefusal {
                findings = refusal.findings
            }
            let isSigned = package.container.signature != nil
            let isManifest = package.container.manifest != nil
            if console.isJSON {
                console.json(json(control, plan, findings, isSigned: isSigned, hasManifest: isManifest))
                return .done
            }
            var table = TextTable("FIELD", "VALUE")
            table.add("package", control.name)
            table.add("version", control.version.description)
            table.add("architecture", control.architecture)
            table.add("description", control.summary)
            table.add("signature", isSigned ? "present, not verified (try \"gatekeel package verify\")" : "none")
            table.add("manifest", isManifest ? "present" : "none")
            for unit in plan?.units ?? [] {
                table.add("unit", unit.name + (unit.isStarted ? ", started by activate" : ""))
            }
            for conffile in plan?.conffiles ?? [] { table.add("configuration", conffile.path) }
            table.add("fits this host", plan == nil ? "no" : "yes")
            for finding in findings {
                table.add(finding.severity == .refused ? "refused" : "warning", finding.description)
            }
            console.table(table)
        } catch {
            throw Self.failure(error)
        }
        return .done
    }

    private func json(
        _ control: PackageControl, _ plan: PackagePlan?, _ findings: [Finding], isSigned: Bool, hasManifest: Bool
    ) -> JSON {
        let units: [JSON] = (plan?.units ?? []).map {
            ["name": .string($0.name), "enabled": .bool($0.isEnabled), "started": .bool($0.isStarted)]
        }
        let found: [JSON] = findings.map {
            [
                "severity": .string($0.severity.rawValue), "kind": .string($0.kind.rawValue), "file": .string($0.file),
                "line": .number(.init($0.line)), "text": .string($0.explanation),
            ]
        }
        return [
            "name": .string(control.name), "version": .string(control.version.description),
            "architecture": .string(control.architecture), "description": .string(control.summary),
            "signed": .bool(isSigned), "manifest": .bool(hasManifest), "fits": .bool(plan != nil),
            "units": .array(units), "conffiles": .array((plan?.conffiles ?? []).map { .string($0.path) }),
            "findings": .array(found),
        ]
    }

    private func read(_ option: String, limit: Int) throws(Failure) -> [UInt8] {
        do throws(Errno) {
            // The caller may give a pipe: <(pass show signing-key).
            return try Files.read(FileDescriptor.open(invocation.options[option] ?? ""), limit: limit)
        } catch {
            throw Failure(.noInput, "--\(option): \(error)")
        }
    }

    private static func firstLine(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
    }

    static func failure(_ error: any Error) -> Failure {
        switch error {
        case let failure as Failure: failure
        case DebError.file(let errno):
            Failure(errno.code == EACCES || errno.code == EPERM ? .notPermitted : .noInput, "\(errno)")
        case DebError.noSpace(let text): Failure(.noSpace, text)
        case let errno as Errno:
            Failure(errno.code == EACCES || errno.code == EPERM ? .notPermitted : .noInput, "\(errno)")
        default: Failure(.badData, "\(error)")
        }
    }
}
