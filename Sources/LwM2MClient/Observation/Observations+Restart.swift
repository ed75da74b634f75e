import EventLoop
import LwM2M

/// What of an outage outlasts a restart of this program (1/x/6).
extension Observations {
    func tellKept() {
        keptChanged?(!all.isEmpty && (absence.isOutage || !history.records.isEmpty || queue.holdsStored))
    }

    /// What is to be kept for the next start now; nil: nothing, for the server is in contact and was told all of it.
    ///
    /// - Parameters:
    ///   - server: whose it is.
    ///   - boot: the present one.
    func kept(for server: String, boot: String) -> KeptNotifications? {
        let now = scheduler.now
        let records = queue.storedRecords + history.records
        let end = expires ?? now + .seconds(settings.lifetime)
        guard isStoring, now < end, !all.isEmpty, absence.isOutage || !records.isEmpty else { return nil }
        let told = all.filter { !$0.isEnding }
        var kept = KeptNotifications(server: server, boot: boot, until: moment(end, nil))
        kept.observations = told.map { KeptNotifications.Observation(request: $0.request, paths: $0.parts.map(\.path)) }
        kept.records = records.compactMap { record in
            guard let index = told.firstIndex(where: { $0 === record.observation }) else { return nil }
            return KeptNotifications.Record(
                observation: index, moment: moment(record.moment, record.time), contents: record.contents)
        }
        return kept
    }

    private func moment(_ moment: Duration, _ time: Duration?) -> KeptNotifications.Moment {
        KeptNotifications.Moment(uptime: time == nil ? moment : nil, time: time ?? clock.time(at: moment))
    }

    /// Takes over what was kept before the start. The observations go on, for the registration that follows.
    ///
    /// - Returns: false if nothing was, or it is over.
    func restore(_ kept: KeptNotifications, boot: String) -> Bool {
        let now = scheduler.now
        let time = clock.time(at: now)
        let isSameBoot = kept.boot == boot && !boot.isEmpty
        var end = now + min(kept.until.time - time, longestAbsence)
        if isSameBoot, let uptime = kept.until.uptime { end = uptime }
        guard isStoring, all.isEmpty, now < end else { return false }
        let restored = kept.observations.prefix(Self.limit).map(rebuilt)
        all = restored.compactMap(\.self)
        guard !all.isEmpty, all.reduce(0, { $0 + $1.parts.count }) <= Self.partLimit else {
            all = []
            return false
        }
        expires = end
        keptUntil = end
        absence = .offline
        for record in kept.records {
            guard restored.indices.contains(record.observation), let observation = restored[record.observation] else {
                continue
            }
            let uptime = isSameBoot ? record.moment.uptime : nil
            let since = uptime ?? now - max(.zero, time - record.moment.time)
            keep(
                NotificationHistory.Record(
                    observation, record.contents, at: since, time: uptime == nil ? record.moment.time : nil))
            for (index, content) in record.contents.enumerated() where index < observation.parts.count {
                observation.parts[index].state.tell(content, at: since)
            }
        }
        for observation in all {
            observation.isOfEarlierRegistration = true
            // Nobody knows what those were told last of which nothing is here.
            if history.records.contains(where: { $0.observation === observation }) {
                changed(observation)
            } else {
                owe(observation)
            }
        }
        advance()
        return true
    }

    /// A clock that was set back while nothing ran must not make it longer.
    private var longestAbsence: Duration {
        .seconds(max(settings.lifetime, settings.disableTimeout ?? ServerSettings.defaultDisableTimeout))
    }

    /// An observation as its request asks for it; nil if the server may not have it any more.
    private func rebuilt(_ kept: KeptNotifications.Observation) -> Observation? {
        let request = kept.request
        let server = Requester.server(account: account)
        let subject: Observation.Subject
        let own: Attributes?
        do throws(OperationError) {
            if let call = try management.composite(request, from: server) {
                own = try attributes(request, call)
                subject = .composite(try management.selection(call, request), call.accept)
            } else {
                let call = try management.call(request, from: server)
                guard kept.paths == [call.path] else { return nil }
                own = try attributes(request, call)
                subject = .path(accept: request.accept)
            }
        } catch {
            return nil
        }
        let observation = Observation(request, subject, own: own, parts: [])
        observation.parts = kept.paths.map { part($0, (try? content(of: $0, observation)) ?? .nothing, observation) }
        return observation
    }

    private var settings: ServerSettings { management.accounts[account]?.settings ?? ServerSettings() }
}

/// A server that has forgotten an observation may observe the same again. What the former one would have told of an outage is told by
/// the new one then, if its format has times.
extension Observations {
    /// So long the answer to an observe request has to leave before such a notification.
    private static let answerTime = Duration.milliseconds(200)

    /// An observation of an earlier registration goes: what it has not told yet is for the one that comes in its place.
    func leave(_ observation: Observation, _ records: [NotificationHistory.Record]) {
        let waiting = queue.withdraw { $0.observation === observation }.entries.filter(\.isStored).flatMap(\.records)
        let all = records + waiting + history.remove { $0.observation === observation }
        if let heir = self.all.first(where: { !$0.isOfEarlierRegistration && $0.asksTheSame(as: observation.request) })
        {
            inherit(all, heir)
        } else {
            left += all
            while left.reduce(0, { $0 + $1.size }) > NotificationHistory.limit { left.removeFirst() }
        }
    }

    /// A new observation takes over what was left for it.
    func inherit(_ observation: Observation) {
        let own = left.filter { $0.observation.asksTheSame(as: observation.request) }
        left.removeAll { $0.observation.asksTheSame(as: observation.request) }
        inherit(own, observation)
    }

    private func inherit(_ records: [NotificationHistory.Record], _ heir: Observation) {
        guard !records.isEmpty, isStoring, timedFormat(heir) != nil else { return }
        let paths = heir.parts.map(\.path)
        let inherited = records.filter { paths.starts(with: $0.observation.parts.map(\.path)) }.map {
            NotificationHistory.Record(heir, $0.contents, at: $0.moment, time: $0.time)
        }
        scheduler.schedule(after: Self.answerTime) { [weak self, weak heir] in
            guard let self, let heir, self.all.contains(where: { $0 === heir }) else { return }
            let told = inherited.filter(self.mayTell)
            if self.queue.session == nil { told.forEach(self.keep) } else { self.tell(told) }
        }
    }
}
