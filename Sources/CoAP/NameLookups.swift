import EventLoop
import LwM2MClient

/// Looks names up, each once at a time.
///
/// `getaddrinfo(3)` cannot be cancelled, and all look-ups take turns on one worker. A session that is opened while an earlier
/// one's look-up of the same name is under way therefore waits for that one.
@LoopActor
final class NameLookups {
    struct Place: Hashable, Sendable {
        let host: String
        let port: UInt16
    }

    typealias Resolve = @Sendable (_ host: String, _ port: UInt16) throws -> [PeerAddress]
    private typealias Found = Result<[PeerAddress], TransportError>

    private let resolve: Resolve
    private var waiting: [Place: [CheckedContinuation<Found, Never>]] = [:]

    /// - Parameter resolve: asks for the addresses of a name; it blocks.
    init(resolve: @escaping Resolve = { try PeerAddress.resolve($0, $1) }) { self.resolve = resolve }

    func addresses(of place: Place) async throws(TransportError) -> [PeerAddress] {
        let found = await withCheckedContinuation { continuation in
            let isUnderWay = waiting[place] != nil
            waiting[place, default: []].append(continuation)
            if !isUnderWay { LoopActor.spawn { await self.look(place) } }
        }
        return try found.get()
    }

    private func look(_ place: Place) async {
        let resolve = resolve
        let found: Found
        do {
            found = .success(try await Worker.names.run { try resolve(place.host, place.port) })
        } catch {
            found = .failure((error as? TransportError) ?? .unresolved("\(place.host): \(error)"))
        }
        for continuation in waiting.removeValue(forKey: place) ?? [] { continuation.resume(returning: found) }
    }
}
