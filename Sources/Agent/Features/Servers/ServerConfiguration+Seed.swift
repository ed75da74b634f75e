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
            version: EnablerVersion(version), settings: settings, keepAlive: keepAlive == .zero ? nil : keepAlive,
            awakeTime: awakeTime)
    }

    private var settings: ServerSettings {
        var settings = ServerSettings(
            lifetime: lifetime.wholeSeconds,
            defaultMinimumPeriod: defaultMinimumPeriod == .zero ? nil : defaultMinimumPeriod.wholeSeconds,
            defaultMaximumPeriod: defaultMaximumPeriod == .zero ? nil : defaultMaximumPeriod.wholeSeconds,
            disableTimeout: disableTimeout?.wholeSeconds, queueMode: queueMode, muteSend: muteSend)
        settings.registrationPriority = registrationPriority.map { UInt32(clamping: $0) }
        settings.initialRegistrationDelay = initialRegistrationDelay?.wholeSeconds
        settings.registrationFailureBlock = registrationFailureBlock
        settings.bootstrapOnRegistrationFailure = bootstrapOnRegistrationFailure
        settings.communicationRetryCount = communicationRetryCount.map { UInt32(clamping: $0) }
        settings.communicationRetryTimer = communicationRetryTimer?.wholeSeconds
        settings.communicationSequenceDelay = communicationSequenceDelay.map {
            $0 == .zero ? ServerSettings.never : UInt64($0.wholeSeconds)
        }
        settings.communicationSequenceCount = communicationSequenceCount.map { UInt32(clamping: $0) }
        return settings
    }
}

extension AccessMember {
    init(_ server: ServerConfiguration) {
        self.init(
            name: server.name, shortServerID: UInt16(clamping: server.shortServerID),
            rights: AccessRights(words: server.rights), ownsAccess: server.ownsAccess)
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
