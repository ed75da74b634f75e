import Configuration
import Journal
import LwM2MClient

/// The accounts of a configuration: those that can be used, and those that cannot.
struct AccountSeeds {
    /// An account whose server is not contacted.
    struct Unusable: Hashable {
        /// The section's name.
        let name: String
        let uri: String
        let shortServerID: Int
        let refusal: KeyFile.Refusal

        static func == (left: Self, right: Self) -> Bool {
            left.name == right.name && left.refusal.description == right.refusal.description
        }

        func hash(into hasher: inout Hasher) { hasher.combine(name) }
    }

    private(set) var seeds: [ServerAccount.Seed] = []
    private(set) var unusable: [Unusable] = []

    /// The names of accounts that cannot be used for now: what their servers wrote is kept.
    var dormant: Set<String> { Set(unusable.map(\.name)) }

    /// Reads the key files; blocks.
    init(_ configuration: AgentConfiguration) {
        for server in configuration.servers {
            do throws(KeyFile.Refusal) {
                seeds.append(try server.seed())
            } catch {
                unusable.append(
                    Unusable(
                        name: server.name, uri: server.uri.description, shortServerID: server.shortServerID,
                        refusal: error))
            }
        }
    }

    func report() {
        for account in unusable {
            Log.event(
                .keyRefused,
                "The server \(account.name, .server) is not contacted: key file \(account.refusal.path, .file): \(account.refusal.text, .reason); correct that, then reload gatekeeld"
            )
        }
    }
}
