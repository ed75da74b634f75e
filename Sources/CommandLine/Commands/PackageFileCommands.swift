import Configuration
import Glibc
import JSON
import Linux
import Packages
import Signing

/// `package sign`, `verify`: on files, without a daemon.
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
                    .badData, "the keyring \(folder) holds no certificates; 'gatekeel keyring add' adds one")
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
