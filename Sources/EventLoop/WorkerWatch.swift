/// Notices a worker whose job never ends: a file that blocks, a file system that hangs.
///
/// It looks only while jobs run, so that an idle daemon is not woken. A job counts as hung when it was the running one at
/// three looks, which are a job's limit apart: a gateway that slept in the middle of a job does not lose it.
@LoopActor
public final class WorkerWatch {
    private let scheduler: any Scheduler
    private let hung: @LoopActor (_ worker: String) -> Void
    private var watched: [ObjectIdentifier: Look] = [:]

    private struct Look {
        var job: Int?
        var times: Int
    }

    /// - Parameter hung: called with the worker's name, once.
    public init(scheduler: any Scheduler = LoopScheduler.shared, hung: @escaping @LoopActor (_ worker: String) -> Void)
    {
        self.scheduler = scheduler
        self.hung = hung
    }

    /// Watches these workers from now on.
    public func start(_ workers: [Worker] = Worker.all) {
        for worker in workers {
            worker.onRun = { [weak self, unowned worker] in self?.began(worker) }
        }
    }

    private func began(_ worker: Worker) {
        guard watched[ObjectIdentifier(worker)] == nil else { return }
        look(at: worker, after: nil)
    }

    private func look(at worker: Worker, after last: Look?) {
        let key = ObjectIdentifier(worker)
        guard let job = worker.current else {
            // The job that was handed over just now may not have begun.
            watched[key] = last == nil ? Look(job: nil, times: 0) : nil
            if last == nil { again(worker, after: Worker.usual) }
            return
        }
        let look = Look(job: job.number, times: last?.job == job.number ? (last?.times ?? 0) + 1 : 1)
        watched[key] = look
        guard look.times < 3 else { return hung(worker.name) }
        again(worker, after: job.limit)
    }

    private func again(_ worker: Worker, after delay: Duration) {
        scheduler.schedule(after: delay) { [weak self] in
            guard let self else { return }
            self.look(at: worker, after: self.watched[ObjectIdentifier(worker)] ?? Look(job: nil, times: 0))
        }
    }
}
