import LwM2M

/// What a server may not read any more is not told to it, also if it was to be told before.
extension Observations {
    /// The server may read less than before. What was to be told of that is dropped; the observations tell what it still may read.
    ///
    /// - Returns: whether such a notification is on its way. Only the end of the session keeps it from being sent again.
    func rightsLost() -> Bool {
        // It may be reading the later blocks of an answer.
        queue.session?.forgetBodies()
        for record in history.remove({ !mayTell($0) }) { owe(record.observation) }
        let withdrawn = queue.withdraw { entry in !entry.records.allSatisfy(mayTell) }
        for entry in withdrawn.entries { owe(entry.observation) }
        // Values of an outage that were to be told in the same message.
        tell(withdrawn.entries.filter(\.isStored).flatMap(\.records).filter(mayTell))
        advance()
        return withdrawn.isUnderWay
    }

    func mayTell(_ record: NotificationHistory.Record) -> Bool {
        zip(record.observation.parts, record.contents).allSatisfy { mayRead($1, at: $0.path) }
    }

    private func mayRead(_ content: PathContent, at path: Path) -> Bool {
        do throws(OperationError) {
            switch content {
            case .value: try management.access.check(.read, at: path, by: .server(account: account))
            case .instances(let instances):
                for instance in instances {
                    guard let id = instance.id ?? path.instance else { continue }
                    try management.access.check(.read, at: Path(path.object, id), by: .server(account: account))
                }
            }
            return true
        } catch {
            return false
        }
    }
}
