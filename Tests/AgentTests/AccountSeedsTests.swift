import Configuration
import LwM2M
import LwM2MClient
import TestSupport
import Testing

@testable import Agent

/// What a section `[Server NAME]` says of its account.
@Suite struct AccountSeedsTests {
    private static func seed(_ lines: String...) throws -> ServerAccount.Seed {
        let folder = try TemporaryDirectory()
        let text = "[Server main]\nURI=coap://host\n\(lines.joined(separator: "\n"))\n"
        try folder.write("gatekeeld.conf", Array(text.utf8))
        let configuration = try AgentConfiguration.load(ConfigurationFiles("gatekeeld.conf", roots: [folder.path]))
        return try #require(AccountSeeds(configuration).seeds.first)
    }

    @Test func withoutKeysTheAccountIsThatOfEarlierReleases() throws {
        let seed = try Self.seed()
        #expect(seed.version == .v11)
        #expect(seed.settings == ServerSettings(lifetime: 3600))
    }

    @Test func eachKeyIsASetting() throws {
        let seed = try Self.seed(
            "Version=1.2", "Lifetime=5min", "DefaultMinimumPeriod=2s", "DefaultMaximumPeriod=1min",
            "DisableTimeout=1h", "RegistrationPriority=7", "InitialRegistrationDelay=30s",
            "RegistrationFailureBlock=yes", "BootstrapOnRegistrationFailure=no", "CommunicationRetryCount=3",
            "CommunicationRetryTimer=10s", "CommunicationSequenceDelay=2min", "CommunicationSequenceRetryCount=4")
        var settings = ServerSettings(
            lifetime: 300, defaultMinimumPeriod: 2, defaultMaximumPeriod: 60, disableTimeout: 3600)
        settings.registrationPriority = 7
        settings.initialRegistrationDelay = 30
        settings.registrationFailureBlock = true
        settings.bootstrapOnRegistrationFailure = false
        settings.communicationRetryCount = 3
        settings.communicationRetryTimer = 10
        settings.communicationSequenceDelay = 120
        settings.communicationSequenceCount = 4
        #expect(seed.version == .v12)
        #expect(seed.settings == settings)
    }

    @Test func aSequenceDelayOf0IsNoFurtherSequence() throws {
        let seed = try Self.seed("CommunicationSequenceDelay=0")
        #expect(seed.settings.communicationSequenceDelay == ServerSettings.never)
        #expect(RetryPolicy(seed.settings).sequenceDelay == nil)
    }
}
