import LwM2MClient

/// One line for `systemctl status`; pure.
struct StatusLine {
    var endpoint: String
    var isConfigurationRefused = false
    var stateProblems: [String] = []
    var unusable: [AccountSeeds.Unusable] = []
    var servers: [ConnectionStatus] = []

    var text: String {
        var parts: [String] = []
        if isConfigurationRefused { parts.append("The configuration has errors; the last one that worked is in use") }
        parts += stateProblems
        parts += unusable.map { "The server \($0.name) is not contacted: \($0.refusal)" }
        parts += servers.map(describe)
        return parts.isEmpty ? "No server is configured" : parts.joined(separator: "; ")
    }

    private func describe(_ server: ConnectionStatus) -> String {
        switch server.state {
        case .registered, .updating: "Registered with \(server.name) as \(endpoint)"
        case .registering where server.lastError == nil: "Registering with \(server.name)"
        case .registering, .waiting: "Out of reach: \(server.name): \(server.lastError ?? "waiting")"
        case .refused: "Refused by \(server.name): \(server.lastError ?? "no reason given")"
        case .held: "Not contacted yet: \(server.name): \(server.lastError ?? "waiting")"
        case .disabled: "Disabled by \(server.name)"
        case .asleep: "Registered with \(server.name) as \(endpoint), asleep"
        case .stopped, .deregistering: "De-registered from \(server.name)"
        }
    }
}
