import COpenSSL
import Glibc
import Linux

/// The certificate authorities whose signers are trusted: a folder of PEM files, `/etc/gatekeel/keyring.d/*.pem`.
///
/// Every certificate there is a trust anchor, whether it is self-signed or not; it must be an authority (basicConstraints).
public struct Keyring: Sendable {
    /// One authority and the file that it came from.
    public struct Entry: Sendable {
        /// The file's path.
        public let path: String
        /// The authority's certificate.
        public let certificate: Certificate
    }

    /// Where the keyring came from, for messages.
    public let path: String
    /// The authorities, by file name.
    public let entries: [Entry]

    /// A keyring of certificates at hand.
    public init(path: String, entries: [Entry]) {
        self.path = path
        self.entries = entries
    }

    /// Reads a folder; files whose names do not end with `.pem`, or that start with a dot, are not looked at.
    ///
    /// A folder that is not there is an empty keyring. One broken file refuses the whole: an authority that silently went
    /// missing would show itself only when a package is refused.
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

    /// The authorities of one PEM file, checked as `load` and `gatekeel keyring add` demand it.
    public static func authorities(pem: [UInt8], path: String) throws(SigningError) -> [Certificate] {
        let certificates: [Certificate]
        do { certificates = try Certificate.parse(pem: pem) } catch {
            throw .badKeyringFile(path: path, reason: "\(error)")
        }
        for certificate in certificates {
            if !certificate.isAuthority {
                throw .badKeyringFile(
                    path: path, reason: "\(certificate.subject) is no authority (basicConstraints lacks CA:TRUE)")
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
