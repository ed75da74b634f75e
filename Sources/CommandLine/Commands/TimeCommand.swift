import Contract
import EventLoop

/// `time reset`: forgets the newest signed time.
@LoopActor
struct TimeCommand {
    let console: Console
    let gateway: any Gateway

    func reset() async throws(Failure) -> ExitCode {
        let old: SignedTimeInfo
        do throws(ContractError) {
            old = try await gateway.signedTime()
            try await gateway.resetSignedTime()
        } catch {
            throw Failure(error, asking: "gatekeel-installd")
        }
        if console.isJSON {
            console.json(["done": true])
        } else if old.time == 0 {
            console.line("no signed time was known")
        } else {
            console.line("the signed time \(Moments.text(old.time)) (\(old.package) \(old.version)) is forgotten")
        }
        return .done
    }
}
