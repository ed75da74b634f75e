import Configuration
import Glibc
import JSON
import Linux
import Signing

/// `keyring add` and `list`: the folder of certificates.
struct KeyringCommands {
    static let folder = "/etc/gatekeel/keyring.d"

    let console: Console
    let invocation: Invocation
    var folder = KeyringCommands.folder
    var now = Moments.now

    func add() throws(Failure) -> ExitCode {
        let path = invocation.arguments[0]
        let name = invocation.options["name"] ?? Self.name(of: path)
        guard (1...100).contains(name.utf8.count), name.first != ".",
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) })
        else { throw Failure(.usage, "«\(name)» is no name for the keyring; --name= takes letters, digits and - _ .") }
        do {
            let bytes = try Files.read(path, limit: 1 << 18)
            let authorities = try Keyring.authorities(pem: bytes, path: path)
            for authority in authorities where authority.notAfter < now {
                throw Failure(
                    .badData,
                    "\(path): the certificate \(authority.subject) has expired on \(Moments.text(authority.notAfter))")
            }
            let target = "\(folder)/\(name).pem"
            do throws(Errno) {
                if try Files.exists(target), try Files.read(target, limit: 1 << 18) != bytes {
                    throw Errno(EEXIST, "\(target) (give this one another --name=)")
                }
                try Files.makeDirectories(folder, mode: 0o755)
                try Files.replace(target, with: bytes, mode: 0o644)
            } catch {
                throw Failure(error.code == EACCES || error.code == EPERM ? .notPermitted : .failed, "\(error)")
            }
            for authority in authorities { console.line("packages signed under \(authority.subject) are now accepted") }
            if console.isJSON { console.json(.array(authorities.map { JSON.string($0.subject) })) }
        } catch {
            throw PackageFileCommands.failure(error)
        }
        return .done
    }

    func list() throws(Failure) -> ExitCode {
        let keyring: Keyring
        do throws(SigningError) {
            keyring = try Keyring.load(folder)
        } catch {
            throw Failure(.badData, "\(error)")
        }
        if console.isJSON {
            console.json(
                .array(
                    keyring.entries.map {
                        [
                            "subject": .string($0.certificate.subject),
                            "not-after": .number(.init($0.certificate.notAfter)),
                            "sha256": .string($0.certificate.fingerprint), "file": .string($0.path),
                        ]
                    }))
            return .done
        }
        var table = TextTable("FILE", "EXPIRES", "DAYS", "SUBJECT")
        for entry in keyring.entries {
            let days = Moments.days(until: entry.certificate.notAfter, now: now)
            table.add(
                Files.split(entry.path).name, Moments.text(entry.certificate.notAfter),
                days < 0 ? "expired" : "\(days)",
                entry.certificate.subject)
        }
        console.table(table)
        return .done
    }

    /// `ca` of `/home/me/ca.pem`.
    private static func name(of path: String) -> String {
        let name = Files.split(path).name
        for suffix in [".pem", ".crt", ".cer"] where name.hasSuffix(suffix) { return String(name.dropLast(4)) }
        return name
    }
}
