import Configuration
import LwM2M
import LwM2MClient

extension ServerConfiguration {
    /// The account that this section seeds.
    ///
    /// - Throws: why its key file is not used; the other accounts are not touched by that.
    func seed() throws(KeyFile.Refusal) -> ServerAccount.Seed {
        let security: ServerEndpoint.Security =
            if let key = try key(), let pskIdentity {
                .psk(identity: Array(pskIdentity.utf8), key: key.bytes)
            } else {
                .noSec
            }
        return ServerAccount.Seed(
            name: name, shortServerID: UInt16(clamping: shortServerID),
            endpoint: ServerEndpoint(host: uri.host, port: uri.port, security: security),
            version: EnablerVersion(version),
            settings: ServerSettings(
                lifetime: lifetime.wholeSeconds,
                defaultMinimumPeriod: defaultMinimumPeriod == .zero ? nil : defaultMinimumPeriod.wholeSeconds,
                defaultMaximumPeriod: defaultMaximumPeriod == .zero ? nil : defaultMaximumPeriod.wholeSeconds,
                muteSend: muteSend),
            keepAlive: keepAlive == .zero ? nil : keepAlive, rights: AccessRights(words: rights),
            ownsAccess: ownsAccess)
    }
}

extension AccessRights {
    /// Of the words of `Rights=`.
    init(words: [String]) {
        self = []
        for word in words {
            switch word {
            case "read": insert(.read)
            case "write": insert(.write)
            case "execute": insert(.execute)
            case "create": insert(.create)
            case "delete": insert(.delete)
            default: break
            }
        }
    }
}

extension EnablerVersion {
    fileprivate init(_ version: ServerConfiguration.Version) {
        self =
            switch version {
            case .v10: .v10
            case .v11: .v11
            case .v12: .v12
            }
    }
}

extension Duration {
    fileprivate var wholeSeconds: UInt32 { UInt32(clamping: components.seconds) }
}
