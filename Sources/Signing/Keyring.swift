import COpenSSL
import Glibc
import Linux

/// The certificate authorities whose signers are trusted, from a folder of PEM files: `/etc/gatekeel/keyring.d/*.pem`.
///
/// Every certificate there is a trust anchor, self-signed or not. It must be an authority (basicConstraints).
public struct Keyring: Sendable {
    /// One authority and its file.
    public struct Entry: Sendable {
        /// The file's path.
        public let path: String
        /// The authority's certificate.
        public let certificate: Certificate
    }

    /// The folder of the keyring, for messages.
    public let path: String
    /// The authorities, sorted by file name.
    public let entries: [Entry]

    /// Makes a keyring from certificates in memory.
    public init(path: String, entries: [Entry]) {
        self.path = path
        self.entries = entries
    }

    /// Reads a folder. Files whose names do not end with `.pem` or that begin with a dot are ignored.
    ///
    /// A folder that does not exist is an empty keyring. One invalid file refuses the whole keyring: if its authority were
    /// silently missing, the operator would notice only when a package is refused.
    /// - Throws: `.badKeyringFile` naming the file; `.file`.
    public static func load(_ folder: String) throws(SigningError) -> Keyring {
        let names: [String]
        do { names = try Files.names(in: folder) } catch {
            if error.code == ENOENT { return Keyring(path: folder, entries: []) }
            throw .file(error)
        }
        var entries: [Entry] = []
        for name in names where name.hasSuffix(".pem") && !name.hasPrefix(".") {
            let path = "\(folder)/\(name)"
            let text: [UInt8]
            do { text = try Files.read(path, limit: 1 << 18) } catch { throw .file(error) }
            for certificate in try authorities(pem: text, path: path) {
                entries.append(Entry(path: path, certificate: certificate))
            }
        }
        return Keyring(path: folder, entries: entries)
    }

    /// Files in the folder that `load` passes over, though somebody may believe that they are read.
    public static func ignored(in folder: String) -> [String] {
        // That the folder cannot be listed is an error of `load`.
        let names = (try? Files.namesIfPresent(in: folder)) ?? []
        return names.filter { !$0.hasSuffix(".pem") || $0.hasPrefix(".") }.sorted().map { "\(folder)/\($0)" }
    }

    /// The authorities of one PEM file, with the checks that `load` and `gatekeel keyring add` require.
    public static func authorities(pem: [UInt8], path: String) throws(SigningError) -> [Certificate] {
        let certificates: [Certificate]
        do { certificates = try Certificate.parse(pem: pem) } catch {
            throw .badKeyringFile(path: path, reason: "\(error)")
        }
        for certificate in certificates {
            if !certificate.isAuthority {
                throw .badKeyringFile(
                    path: path, reason: "\(certificate.subject) is not an authority (basicConstraints lacks CA:TRUE)")
            }
            if let weakness = certificate.weakness {
                throw .badKeyringFile(path: path, reason: "\(certificate.subject) has \(weakness)")
            }
            if let problem = certificate.issuingUsageProblem {
                throw .badKeyringFile(path: path, reason: "\(certificate.subject): \(problem)")
            }
        }
        return certificates
    }
}
