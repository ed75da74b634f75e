import Contract
import EventLoop
import JSON

/// `reconnect`, `reload`, `cancel`: ask gatekeeld to do something.
@LoopActor
struct AgentCommands {
    let console: Console
    let gateway: any Gateway
    let invocation: Invocation

    func reconnect() async throws(Failure) -> ExitCode {
        try await asking { () async throws(ContractError) in try await gateway.reconnect() }
        done("the servers are being contacted; 'gatekeel status' shows the result")
        return .done
    }

    /// What `systemctl reload gatekeeld` runs: it fails when the configuration has errors.
    func reload() async throws(Failure) -> ExitCode {
        do throws(ContractError) {
            try await gateway.reload()
        } catch {
            guard error.code == .refused else { throw Failure(error, asking: "gatekeeld") }
            throw Failure(
                .badConfiguration, "the configuration has errors; the one in use stays in use:\n\(error.text)")
        }
        done("the configuration is in use")
        for server in (try? await gateway.agentStatus())?.servers ?? [] where server.state == .unusable {
            console.complain("warning: the server \(server.name) is not contacted: \(server.reason)")
        }
        return .done
    }

    func cancel() async throws(Failure) -> ExitCode {
        let word = invocation.arguments[0]
        let number = word.hasPrefix("/9/") ? word.dropFirst(3) : word[...]
        guard number.first?.isNumber == true, let instance = Int(number), (0...65534).contains(instance) else {
            throw Failure(
                .usage,
                "'\(word)' is not an instance of object 9; expected /9/0 or 0; 'gatekeel status' lists the transfers")
        }
        try await asking { () async throws(ContractError) in try await gateway.cancel(instance) }
        done("the transfer to /9/\(instance) is cancelled")
        return .done
    }

    private func done(_ text: String) {
        if console.isJSON { console.json(["done": true]) } else { console.line(text) }
    }

    private func asking(_ body: () async throws(ContractError) -> Void) async throws(Failure) {
        do throws(ContractError) {
            try await body()
        } catch {
            throw Failure(error, asking: "gatekeeld")
        }
    }
}
