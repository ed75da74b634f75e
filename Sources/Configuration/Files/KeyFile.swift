import Glibc
import Linux

/// Bytes of a key. Never printed: its descriptions say how many there are and no more.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public var description: String { "(\(bytes.count) secret bytes)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A pre-shared key in a file of its own, as hexadecimal digits: `/etc/gatekeel/keys/main.psk`.
public enum KeyFile {
    /// Why a key file is refused, with what to do. Never holds any of its bytes.
    public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        public let path: String
        public let text: String
        /// The reader may not open it (`EACCES`): that says nothing about the file itself.
        public var isForeign = false
        /// There is no such file (`ENOENT`).
        public var isAbsent = false
        /// The medium could not be read (`EIO`): that says nothing about the file either, and may pass.
        public var mayPass = false
        public var description: String { "key file \(path): \(text)" }
    }

    /// The length of a key in bytes; libcoap's store ends at 64.
    public static let lengths = 1...64

    /// Reads a key.
    ///
    /// Refused unless it is a regular file of root or of the reading user, others have no access at all and the group
    /// cannot write: `root:gatekeel 0640` or stricter.
    public static func read(_ path: String) throws(Refusal) -> Secret {
        func refuse(_ text: String) -> Refusal { Refusal(path: path, text: text) }
        let bytes: [UInt8]
        do {
            let file = try FileDescriptor.open(path, O_RDONLY | O_NONBLOCK)
            let status = try file.status()
            if let text = refusal(of: status, reader: geteuid()) { throw refuse(text) }
            bytes = try Files.read(file, limit: 1024, context: path)
        } catch let error as Refusal {
            throw error
        } catch {
            let code = (error as? Errno)?.code
            var refusal = refuse((error as? Errno)?.message ?? "\(error)")
            refusal.isForeign = code == EACCES
            refusal.isAbsent = code == ENOENT
            refusal.mayPass = code == EIO
            throw refusal
        }
        guard let key = decode(bytes) else {
            throw refuse(
                "expected the key as hexadecimal digits, two for each of \(lengths.lowerBound) to "
                    + "\(lengths.upperBound) bytes; 'openssl rand -hex 16' makes one")
        }
        return key
    }

    /// What is wrong with a key file's type, owner or mode; nil when nothing is.
    static func refusal(of status: stat, reader: uid_t) -> String? {
        let mode = status.st_mode
        if mode & S_IFMT != S_IFREG { return "it is not a regular file" }
        if status.st_uid != 0 && status.st_uid != reader {
            return "it belongs to the user \(status.st_uid), who could change it; 'chown root:gatekeel' it"
        }
        let octal = "0" + String(mode & 0o7777, radix: 8)
        if mode & 0o007 != 0 { return "its mode \(octal) gives everyone access; 'chmod 0640' it" }
        if mode & 0o020 != 0 { return "its mode \(octal) lets its group change it; 'chmod 0640' it" }
        return nil
    }

    /// Hexadecimal digits; white space around and between is passed over.
    static func decode(_ bytes: [UInt8]) -> Secret? {
        let digits = bytes.filter { !($0 == 0x20 || (0x09...0x0D).contains($0)) }
        guard let key = [UInt8](hexadecimal: digits), lengths.contains(key.count) else { return nil }
        return Secret(key)
    }
}
