import Contract
import EventLoop
import HostObjects
import LwM2MClient

/// The packages on their way, as `org.gatekeel.Agent1` shows and ends them.
@LoopActor
final class TransferView: PackageTransfers {
    private let software: SoftwareManagement
    private let clock: StableClock

    init(_ software: SoftwareManagement, _ clock: StableClock) {
        self.software = software
        self.clock = clock
    }

    var transfers: [TransferInfo] {
        software.transfers.map { TransferInfo($0, clock) }
    }

    func cancel(_ instance: UInt16) async throws(ContractError) {
        do throws(OperationError) {
            try await software.cancel(instance)
        } catch {
            throw ContractError(error.code == .methodNotAllowed ? .notFound : .failed, error.message)
        }
    }
}

extension TransferInfo {
    @LoopActor
    fileprivate init(_ transfer: PackageTransfer, _ clock: StableClock) {
        self.init(
            instance: Int(transfer.instance), kind: transfer.kind == .push ? .push : .pull, phase: .queued,
            host: transfer.host, received: Int64(transfer.received), total: Int64(transfer.total),
            reason: transfer.reason, since: clock.seconds(at: transfer.since))
        switch transfer.phase {
        case .queued: phase = .queued
        case .waiting(let next):
            phase = .waiting
            nextAttempt = next.map { clock.seconds(at: $0) } ?? 0
        case .transferring: phase = .transferring
        case .verifying: phase = .verifying
        }
    }
}
