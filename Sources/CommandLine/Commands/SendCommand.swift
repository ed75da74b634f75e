import Contract
import EventLoop
import JSON

/// `send`: what paths hold, to the servers.
@LoopActor
struct SendCommand {
    let console: Console
    let gateway: any Gateway
    let invocation: Invocation

    func run() async throws(Failure) -> ExitCode {
        let results: [SendInfo]
        do throws(ContractError) {
            results = try await gateway.send(invocation.arguments, to: invocation.options["server"] ?? "")
        } catch {
            throw Failure(error, asking: "gatekeeld")
        }
        if console.isJSON {
            console.json(.array(results.map { JSON($0) }))
        } else if results.isEmpty {
            console.complain("There is no server; add a section [Server NAME] in /etc/gatekeel/gatekeeld.conf.d/.")
        } else {
            var table = TextTable("SERVER", "RESULT", "NOTE")
            for result in results { table.add(result.server, result.result.rawValue, Self.note(result)) }
            console.table(table)
        }
        return results.contains { $0.result == .delivered || $0.result == .stored } ? .done : .failed
    }

    private static func note(_ result: SendInfo) -> String {
        switch result.result {
        case .delivered: ""
        case .stored: "it is sent as soon as the server answers"
        case .muted:
            "the server mutes Send; set MuteSend=no in [Server \(result.server)], or let the server write 1/x/23"
        case .nothing: "the server may read nothing of it"
        case .failed: result.reason
        }
    }
}

extension JSON {
    fileprivate init(_ result: SendInfo) {
        self = [
            "server": .string(result.server), "result": .string(result.result.rawValue),
            "reason": .string(result.reason),
        ]
    }
}
