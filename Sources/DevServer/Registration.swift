import CoAP
import EventLoop
import JSON
import LwM2M

/// A registered client (LwM2M Core 6.2).
@LoopActor
public final class Registration {
    public let id: String
    public let endpoint: String
    public internal(set) var lifetime: Duration
    public internal(set) var version: String
    public internal(set) var binding: String
    /// The object links from the client's last message.
    public internal(set) var links: [Link]
    /// The session of the client's last message.
    public internal(set) var session: CoAPSession
    var expiry: (any Scheduled)?
    var observers: [Path: Observer] = [:]
    var compositeObserver: Observer?
    /// The latest value of each observed path, in printed form.
    var notified: [Path: JSON] = [:]

    init(id: String, endpoint: String, session: CoAPSession) {
        self.id = id
        self.endpoint = endpoint
        self.session = session
        lifetime = .seconds(86_400)
        version = "1.0"
        binding = "U"
        links = []
    }

    var json: [JSON.Member] {
        [
            .init("endpoint", .string(endpoint)), .init("id", .string(id)),
            .init("lifetime", .number(.init(lifetime.components.seconds))), .init("lwm2m", .string(version)),
            .init("binding", .string(binding)), .init("objects", .array(links.map { .string($0.target) })),
        ]
    }
}
