import Glibc
import Linux
import Signing

/// Signs packages: appends `_gkmanifest` and `_gksig` to an otherwise unmodified `.deb`.
public enum DebSigner {
    /// Writes a signed copy of a package, durably and atomically: a reader sees the old file or the new one.
    ///
    /// The members are appended as bytes, because GNU `ar q` would rewrite the headers before them.
    /// - Parameters:
    ///   - input: the package; `output` may be the same path.
    ///   - manifest: the manifest to attach, covered by the signature; nil keeps an existing one.
    ///   - replacing: whether an existing signature may be replaced.
    /// - Throws: `.signing` for keys and certificates that a verifier would refuse.
    public static func sign(
        _ input: String, to output: String, with identity: SigningIdentity, manifest: [UInt8]? = nil,
        replacing: Bool = false
    ) throws(DebError) {
        let (folder, name) = Files.split(output)
        let temporary = "\(folder)/.\(name).new"
        do throws(DebError) {
            try write(input, temporary, identity, manifest, replacing)
            do throws(Errno) {
                try retrying("rename \(temporary)") { rename(temporary, output) }
                try Files.synchronizeDirectory(folder)
            } catch { throw DebError(error) }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private static func write(
        _ input: String, _ output: String, _ identity: SigningIdentity, _ manifest: [UInt8]?, _ replacing: Bool
    ) throws(DebError) {
        let source: FileDescriptor
        do { source = try FileDescriptor.open(input) } catch { throw DebError(error) }
        let container = try DebContainer(source)
        if container.signature != nil, !replacing {
            throw .malformed("\(input) is signed already; replace its signature with --replace")
        }
        var attached = manifest
        if attached == nil, let member = container.manifest { attached = try DebContainer.read(source, member.data) }
        if let attached, attached.count > DebContainer.manifestLimit {
            throw .malformed("the manifest has \(attached.count) bytes; the limit is \(DebContainer.manifestLimit)")
        }
        // Left by an interrupted call.
        unlink(output)
        let file: FileDescriptor
        do { file = try FileDescriptor.open(output, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644) } catch {
            throw DebError(error)
        }
        var end = 0
        do throws(Errno) {
            while end < container.payloadEnd {
                let piece = try source.read(end..<min(end + 1 << 20, container.payloadEnd))
                try file.write(piece)
                end += piece.count
            }
            if let attached {
                let member = member(DebContainer.manifestName, attached)
                try file.write(member)
                end += member.count
            }
        } catch { throw DebError(error) }
        let signature: DetachedSignature
        do { signature = try identity.sign(file, range: 0..<end) } catch { throw .signing(error) }
        do throws(Errno) {
            try file.write(member(DebContainer.signatureName, signature.bytes))
            try file.setMode(0o644)
            try file.synchronize()
        } catch { throw DebError(error) }
    }

    private static func member(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
        DebContainer.header(name, bytes.count) + bytes + (bytes.count % 2 == 1 ? [0x0a] : [])
    }
}
