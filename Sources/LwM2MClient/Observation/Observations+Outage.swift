import LwM2M

/// What an outage hides from a server that observes, and how it is told afterwards (1/x/6).
extension Observations {
    /// A notification that was not delivered is kept. A last word is owed as well: the server would wait for ever.
    func keep(_ entry: NotificationQueue.Entry) {
        guard all.contains(where: { $0 === entry.observation }) else { return }
        entry.observation.isEnding = false
        guard !entry.isFinal, isStoring else { return owe(entry.observation) }
        for record in entry.records { keep(record) }
    }

    func keep(_ record: NotificationHistory.Record) {
        let limit = absence.isOutage ? record.observation.historyLimit : nil
        for observation in history.add(record, most: limit ?? NotificationHistory.recordLimit) { owe(observation) }
        tellKept()
    }

    /// What an outage leaves of contents: those of paths with `hqmax=0` are not among it.
    func stored(_ observation: Observation, _ contents: [PathContent]) -> [PathContent] {
        guard absence.isOutage, observation.historyLimit != 0 else { return contents }
        return zip(observation.parts, contents).map { $0.rule.historyLimit == 0 ? .nothing : $1 }
    }

    /// Tells what is left of an outage, oldest first: in a format with times by observation, else record by record.
    func tell(_ records: [NotificationHistory.Record]) {
        var told: [Observation] = []
        for record in records {
            let observation = record.observation
            guard let format = timedFormat(observation) else {
                if let response = try? response(observation, record.contents) {
                    queue.add(
                        stored: NotificationQueue.Entry(observation: observation, response: response, records: [record])
                    )
                }
                continue
            }
            guard !told.contains(where: { $0 === observation }) else { continue }
            told.append(observation)
            tell(records.filter { $0.observation === observation }, format)
        }
    }

    /// Tells what one observation missed, in messages of a bounded size.
    private func tell(_ records: [NotificationHistory.Record], _ format: ContentFormat) {
        var rest = records[...]
        var times = SenMLTimes(clock, now: scheduler.now)
        while let first = rest.first {
            var size = 0
            let part = rest.prefix { record in
                size += record.size
                return size <= SendQueue.messageLimit || record.moment == first.moment
            }
            rest = rest.dropFirst(part.count)
            do throws(CodecError) {
                var content = CompositeContent()
                for record in part {
                    let time = times.next(record.moment, time: record.time)
                    let parts = zip(record.observation.parts, record.contents).map { (path: $0.path, content: $1) }
                    content.entries += try management.composite(parts).entries.map { $0.at(time) }
                }
                let response = Response(
                    .content, contentFormat: format.rawValue,
                    payload: try Codec.encodeComposite(content, format, version))
                queue.add(
                    stored: NotificationQueue.Entry(
                        observation: first.observation, response: response, records: Array(part)))
            } catch {
                // What cannot be encoded with times is told by its present content.
                owe(first.observation)
            }
        }
    }

    /// The format of an observation's notifications, if it has times.
    func timedFormat(_ observation: Observation) -> ContentFormat? {
        let format: ContentFormat? =
            switch observation.subject {
            case .path(let accept): accept.map(ContentFormat.init(rawValue:))
            case .composite(_, let format): format
            }
        return format == .senMLJSON || format == .senMLCBOR ? format : nil
    }
}
