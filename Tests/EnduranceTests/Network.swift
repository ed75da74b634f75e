import EventLoop
import TestSupport

/// The network between the gateway and its server, as it comes and goes: datagrams pass, some are lost, none arrive, or nobody
/// listens at the address (ICMP).
///
/// Each new socket of the gateway's gets one towards the server, as behind a NAT.
@LoopActor
final class Network {
    enum State: Hashable, CaseIterable { case up, lossy, silent, refused }

    let port: UInt16
    private(set) var state = State.up
    private var front: DatagramSocket?
    private var back: DatagramSocket?
    private var gateway: [UInt8] = []
    private var server: [UInt8] = []
    private let loses: @LoopActor () -> Bool

    /// - Parameter loses: whether the next datagram is lost while the network is lossy.
    init(loses: @escaping @LoopActor () -> Bool) throws {
        self.loses = loses
        let front = try DatagramSocket()
        port = front.port
        self.front = front
        listen(front)
    }

    /// The server is at another port from now on.
    func lead(to port: UInt16) {
        server = DatagramSocket.loopback(port)
        back?.close()
        back = nil
        gateway = []
    }

    func become(_ state: State) throws {
        guard state != self.state else { return }
        self.state = state
        if state == .refused {
            front?.close()
            front = nil
        } else if front == nil {
            let front = try DatagramSocket(port: port)
            self.front = front
            listen(front)
        }
    }

    func close() {
        front?.close()
        back?.close()
    }

    private var passes: Bool {
        switch state {
        case .up: true
        case .lossy: !loses()
        case .silent, .refused: false
        }
    }

    private func listen(_ front: DatagramSocket) {
        front.relay = { [weak self] bytes, from in
            guard let self, self.passes else { return }
            if from != self.gateway || self.back == nil {
                self.back?.close()
                self.back = try? DatagramSocket()
                self.gateway = from
                self.back?.relay = { [weak self] bytes, _ in
                    guard let self, self.passes else { return }
                    self.front?.send(bytes, to: self.gateway)
                }
            }
            self.back?.send(bytes, to: self.server)
        }
    }
}
