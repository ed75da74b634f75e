import LwM2M
import LwM2MClient

/// Current Time (13), UTC Offset (14) and Timezone (15) are written through the host's own services.
extension DeviceObject {
    /// What is to be written; nil stays.
    private struct Change {
        var time: Int64?
        var zone: String?
    }

    public func check(_ instance: UInt16, _ values: [UInt16: ResourceContent]) throws(OperationError) {
        _ = try change(values)
    }

    private func change(_ values: [UInt16: ResourceContent]) throws(OperationError) -> Change {
        var change = Change()
        for (resource, content) in values.sorted(by: { $0.key < $1.key }) {
            switch (resource, content) {
            case (13, .single(.time(let seconds))): change.time = try plausible(seconds)
            case (14, .single(.string(let text))):
                let offset = try offset(text)
                // With a name beside it, which the loop comes to next, no other zone is needed.
                if values[15] == nil { change.zone = try zone(offset: offset) }
            case (15, .single(.string(let name))):
                guard zones.isKnown(name) else {
                    throw OperationError(.badRequest, "no such time zone; the names are those of the IANA database")
                }
                change.zone = name
            default: throw OperationError(.methodNotAllowed, "resource \(resource) is not written")
            }
        }
        return change
    }

    public func write(
        _ instance: UInt16, _ values: [UInt16: ResourceContent], mode: WriteMode
    ) async throws(OperationError) {
        // Everything is checked before anything is changed.
        let change = try change(values)
        let (time, zone) = (change.time, change.zone)
        let now = (time: clock.now, uptime: scheduler.now)
        // The time first: a time service may refuse it, and then there is nothing to take back.
        if let time {
            try await host { () throws(HostControlError) in try await control.setTime(time) }
        }
        if let zone, zone != zones.current {
            do throws(OperationError) {
                try await host { () throws(HostControlError) in try await control.setTimezone(zone) }
            } catch {
                if time != nil { await restore(now.time, of: now.uptime) }
                throw error
            }
        }
        announce([13], time != nil)
        announce([14, 15], zone != nil)
    }

    /// Takes a new time back: all is written or nothing. Servers are told when that is not possible.
    private func restore(_ time: Int64, of uptime: Duration) async {
        let passed = (scheduler.now - uptime).components.seconds
        do throws(HostControlError) {
            try await control.setTime(time + passed)
        } catch {
            announce([13], true)
        }
    }

    private func announce(_ resources: [UInt16], _ isChanged: Bool) {
        if isChanged { for resource in resources { changes?.changed(Path(3, 0, resource)) } }
    }

    /// 2000 to 2200: outside of that no certificate is valid, and milliseconds by mistake are refused too.
    private func plausible(_ seconds: Int64) throws(OperationError) -> Int64 {
        guard (946_684_800...7_258_118_400).contains(seconds) else {
            throw OperationError(.badRequest, "Current Time is seconds since 1970, from the year 2000 to 2200")
        }
        return seconds
    }

    private func offset(_ text: String) throws(OperationError) -> Int {
        guard let offset = TimeZones.offset(text) else {
            throw OperationError(.badRequest, "UTC Offset is written +02:00")
        }
        return offset
    }

    /// The time zone for an offset in seconds; nil when local time has this offset already.
    private func zone(offset: Int) throws(OperationError) -> String? {
        if offset == clock.utcOffset(at: clock.now) { return nil }
        guard let zone = TimeZones.zone(offset: offset) else {
            throw OperationError(.badRequest, "no time zone has this offset alone; write Timezone (15) instead")
        }
        return zone
    }

    /// Asks the host, and gives its refusal the code of LwM2M Core 7.1 that fits.
    func host(_ body: () async throws(HostControlError) -> Void) async throws(OperationError) {
        do throws(HostControlError) {
            try await body()
        } catch {
            switch error {
            case .refused(let reason): throw OperationError(.methodNotAllowed, reason)
            // Not 4.05, which says that the resource is never written, and not 5.03, which is not among LwM2M's codes.
            case .tooOften(let reason), .failed(let reason): throw OperationError(.internalServerError, reason)
            }
        }
    }
}
