import Configuration
import Glibc
import JSON
import Linux
import Signing

/// `keyring add`, `remove` and `list`: the folder of certificates.
struct KeyringCommands {
    static let folder = "/etc/gatekeel/keyring.d"

    let console: Console
    let invocation: Invocation
    var folder = KeyringCommands.folder
    var now = Moments.now

    func add() throws(Failure) -> ExitCode {
        let path = invocation.arguments[0]
        let name = invocation.options["name"] ?? Self.name(of: path)
        guard Self.isName(name) else {
            throw Failure(
                .usage,
                "'\(name)' cannot be a name in the keyring; choose one of letters, digits and - _ . with --name=")
        }
        do {
            let bytes = try Files.read(path, limit: 1 << 18)
            let authorities = try Keyring.authorities(pem: bytes, path: path)
            for authority in authorities where authority.notAfter < now {
                throw Failure(
                    .badData,
                    "\(path): the certificate \(authority.subject) expired on \(Moments.text(authority.notAfter)); add its successor"
                )
            }
            let target = "\(folder)/\(name).pem"
            do throws(Errno) {
                if try Files.exists(target), try Files.read(target, limit: 1 << 18) != bytes {
                    throw Errno(EEXIST, "\(target) (give this one another --name=)")
                }
                try Files.makeDirectories(folder, mode: 0o755)
                try Files.replace(target, with: bytes, mode: 0o644)
            } catch {
                throw Self.failure(error)
            }
            for authority in authorities { console.line("packages signed under \(authority.subject) are now accepted") }
            if console.isJSON { console.json(.array(authorities.map { JSON.string($0.subject) })) }
        } catch {
            throw PackageFileCommands.failure(error)
        }
        return .done
    }

    /// Packages that are installed keep running; what else is signed under the certificate is refused from now on.
    func remove() throws(Failure) -> ExitCode {
        let word = invocation.arguments[0]
        let name = word.hasSuffix(".pem") ? String(word.dropLast(4)) : word
        guard Self.isName(name) else {
            throw Failure(
                .usage, "'\(word)' cannot be a name in the keyring; 'gatekeel keyring list' lists the names")
        }
        let target = "\(folder)/\(name).pem"
        let subjects: [String]
        do throws(Errno) {
            // One that is damaged can be removed, too.
            let bytes = try Files.read(target, limit: 1 << 18)
            subjects = ((try? Keyring.authorities(pem: bytes, path: target)) ?? []).map(\.subject)
            try Files.remove(target)
        } catch {
            guard error.code == ENOENT else { throw Self.failure(error) }
            throw Failure(.notFound, "the keyring has no '\(name)'; 'gatekeel keyring list' lists the names")
        }
        for subject in subjects { console.line("packages signed under \(subject) are no longer accepted") }
        if console.isJSON { console.json(.array(subjects.map { .string($0) })) }
        return .done
    }

    private static func failure(_ error: Errno) -> Failure {
        Failure(error.code == EACCES || error.code == EPERM ? .notPermitted : .failed, "\(error)")
    }

    private static func isName(_ name: String) -> Bool {
        (1...100).contains(name.utf8.count) && name.first != "."
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
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
