import Linux

/// A small certificate authority, made with the `openssl` program.
public final class TestAuthority: Sendable {
    /// The certificate extensions of a package signer.
    public static let leafExtensions =
        "keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\nbasicConstraints=CA:FALSE"

    /// The folder with keys (`NAME.key`), certificates (`NAME.pem`) and `content`.
    public let folder: TemporaryDirectory
    /// A keyring folder, which has `root.pem`.
    public var keyring: String { "\(folder.path)/keyring.d" }

    public init() throws {
        folder = try TemporaryDirectory("authority")
        try shell("mkdir '\(keyring)'")
        try authority("root")
        try trust("root")
        try folder.write("content", Array("!<arch>\n".utf8) + [UInt8](repeating: 0x5a, count: 300_000))
    }

    /// Makes `NAME.key` and `NAME.pem`, self-signed or issued.
    public func authority(
        _ name: String, issuer: String? = nil, key: String = "EC -pkeyopt ec_paramgen_curve:P-256",
        md: String = "sha256",
        extensions: String = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign"
    ) throws {
        try certificate(name, issuer: issuer, key: key, md: md, extensions: extensions)
    }

    /// Makes a signer's certificate that is valid from `days.lowerBound` to `days.upperBound` days from now.
    public func certificate(
        _ name: String, issuer: String? = "root", key: String = "EC -pkeyopt ec_paramgen_curve:P-256",
        md: String = "sha256", extensions: String = TestAuthority.leafExtensions, days: ClosedRange<Int> = -1...30
    ) throws {
        try folder.write("\(name).ext", Array("\(extensions)\nsubjectKeyIdentifier=hash\n".utf8))
        // `openssl ca`, because `openssl x509` of 3.0 cannot set a start date.
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
    public func trust(_ name: String) throws { try shell("cp '\(folder.path)/\(name).pem' '\(keyring)/'") }
}
