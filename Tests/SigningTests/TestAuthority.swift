import Linux
import Signing
import TestSupport

/// A small certificate authority, made with the `openssl` program.
final class TestAuthority: Sendable {
    static let leafExtensions =
        "keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\nbasicConstraints=CA:FALSE"

    let folder: TemporaryDirectory
    var keyring: String { "\(folder.path)/keyring.d" }

    init() throws {
        folder = try TemporaryDirectory("authority")
        try shell("mkdir '\(keyring)'")
        try authority("root")
        try trust("root")
        try folder.write("content", Array("!<arch>\n".utf8) + [UInt8](repeating: 0x5a, count: 300_000))
    }

    /// Makes `NAME.key` and `NAME.pem`, self-signed or issued.
    func authority(
        _ name: String, issuer: String? = nil, key: String = "EC -pkeyopt ec_paramgen_curve:P-256",
        md: String = "sha256",
        extensions: String = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign"
    ) throws {
        try certificate(name, issuer: issuer, key: key, md: md, extensions: extensions)
    }

    /// Makes a signer's certificate; valid from `days.lowerBound` to `days.upperBound` days from now.
    func certificate(
        _ name: String, issuer: String? = "root", key: String = "EC -pkeyopt ec_paramgen_curve:P-256",
        md: String = "sha256", extensions: String = TestAuthority.leafExtensions, days: ClosedRange<Int> = -1...30
    ) throws {
        try folder.write("\(name).ext", Array("\(extensions)\nsubjectKeyIdentifier=hash\n".utf8))
        // `openssl ca`, for `openssl x509` of 3.0 knows no start date.
        try shell(
            """
            cd '\(folder.path)'
            openssl genpkey -algorithm \(key) -out \(name).key
            openssl req -new -key \(name).key -subj "/O=Test/CN=\(name)" -out \(name).csr
            rm -f index.txt; touch index.txt; mkdir -p new
            printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index.txt\\nnew_certs_dir=new\\nrand_serial=yes\\npolicy=p\\n[p]\\nO=optional\\nCN=supplied\\n' > ca.cnf
            openssl ca -batch -config ca.cnf -in \(name).csr -out \(name).pem -notext \
                \(issuer.map { "-cert \($0).pem -keyfile \($0).key" } ?? "-selfsign -keyfile \(name).key") \
                -md \(md) -extfile \(name).ext \
                -startdate $(date -u -d '\(days.lowerBound) days' +%Y%m%d%H%M%SZ) \
                -enddate $(date -u -d '\(days.upperBound) days' +%Y%m%d%H%M%SZ)
            """)
    }

    /// Puts a certificate into the keyring.
    func trust(_ name: String) throws { try shell("cp '\(folder.path)/\(name).pem' '\(keyring)/'") }

    func identity(_ name: String, chain: [String] = []) throws -> SigningIdentity {
        let key = try Files.read("\(folder.path)/\(name).key", limit: 65536)
        var certificates: [UInt8] = []
        for member in [name] + chain { certificates += try Files.read("\(folder.path)/\(member).pem", limit: 65536) }
        return try SigningIdentity(key: key, certificates: certificates)
    }

    /// Signs `content` with the `openssl` program: it signs what our own code would refuse to sign.
    func signWithProgram(_ name: String, options: String = "") throws -> DetachedSignature {
        try shell(
            """
            cd '\(folder.path)'
            openssl cms -sign -binary -in content -signer \(name).pem -inkey \(name).key -outform DER -out \(name).sig \(options)
            """)
        return try DetachedSignature(try Files.read("\(folder.path)/\(name).sig", limit: 1 << 20))
    }

    /// Verifies over the whole of `content`, now or at another time.
    func verify(_ signature: DetachedSignature, content: String = "content", at time: Int64? = nil) throws -> [Signer] {
        let file = try FileDescriptor.open("\(folder.path)/\(content)")
        return try signature.verify(
            over: file, range: 0..<file.size(), keyring: try Keyring.load(keyring), time: time ?? now())
    }
}
