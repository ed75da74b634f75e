import Contract
import EventLoop
import Glibc
import HostObjects
import LwM2MClient

/// The packages on their way, as `org.gatekeel.Agent1` shows and ends them.
@LoopActor
final class TransferView: PackageTransfers {
    private let software: SoftwareManagement
    private let scheduler: any Scheduler

    init(_ software: SoftwareManagement, scheduler: any Scheduler) {
        self.software = software
        self.scheduler = scheduler
    }

    var transfers: [TransferInfo] {
        let (now, clock) = (scheduler.now, Int64(time(nil)))
        return software.transfers.map { transfer in
            TransferInfo(transfer) { clock + ($0 - now).components.seconds }
        }
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
    /// - Parameter moment: a time of the scheduler in seconds since the epoch.
    init(_ transfer: PackageTransfer, moment: (Duration) -> Int64) {
        self.init(
            instance: Int(transfer.instance), kind: transfer.kind == .push ? .push : .pull, phase: .queued,
            host: transfer.host, received: Int64(transfer.received), total: Int64(transfer.total),
            reason: transfer.reason, since: moment(transfer.since))
        switch transfer.phase {
        case .queued: phase = .queued
        case .waiting(let next):
            phase = .waiting
            nextAttempt = next.map(moment) ?? 0
        case .transferring: phase = .transferring
        case .verifying: phase = .verifying
        }
    }
}
