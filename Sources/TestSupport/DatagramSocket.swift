import EventLoop
import Glibc
import Linux

/// A UDP socket on loopback, for tests that act as a peer datagram by datagram.
@LoopActor
public final class DatagramSocket {
    public let port: UInt16
    private let descriptor: Int32
    private var source: IOSource?
    private var arrived: [(bytes: [UInt8], from: [UInt8])] = []
    private var waiting: CheckedContinuation<[UInt8]?, Never>?
    private var timer: (any Scheduled)?
    /// The destination: the sender of the latest datagram, or the address given to `connect`.
    private var peer: [UInt8] = []
    /// Called with every datagram immediately, instead of the queue. For relays.
    public var relay: (@LoopActor (_ bytes: [UInt8], _ from: [UInt8]) -> Void)?

    /// Binds to `127.0.0.1`.
    ///
    /// - Parameter port: 0 lets the kernel choose.
    public init(port: UInt16 = 0) throws {
        descriptor = try retrying("socket") { socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | 0o2004000, 0) }
        var address = DatagramSocket.loopback(port)
        var size = socklen_t(address.count)
        let number = descriptor
        try retrying("bind") { address.withUnsafeBytes { bind(number, $0.baseAddress?.bound, size) } }
        try address.withUnsafeMutableBytes { bytes in
            _ = try retrying("getsockname") {
                getsockname(number, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
            }
        }
        self.port = UInt16(address[2]) << 8 | UInt16(address[3])
        source = IOSource(descriptor: number) { [weak self] _ in self?.receive() }
    }

    /// The address of a port at `127.0.0.1`.
    public static func loopback(_ port: UInt16) -> [UInt8] {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafeBytes(of: address) { Array($0) }
    }

    /// Sends to this port from now on.
    public func connect(_ port: UInt16) { peer = DatagramSocket.loopback(port) }

    public func send(_ bytes: [UInt8]) { send(bytes, to: peer) }

    public func send(_ bytes: [UInt8], to address: [UInt8]) {
        address.withUnsafeBytes {
            _ = sendto(descriptor, bytes, bytes.count, 0, $0.baseAddress?.bound, socklen_t($0.count))
        }
    }

    /// The next datagram; nil if none arrived within `limit`.
    public func next(within limit: Duration = .seconds(5 * patience)) async -> [UInt8]? {
        if !arrived.isEmpty { return take() }
        return await withCheckedContinuation { continuation in
            guard arrived.isEmpty else { return continuation.resume(returning: take()) }
            waiting = continuation
            wait(for: limit / 10, times: 10)
        }
    }

    /// In parts: a loop that another test held up for long finds the timer of one part due beside what came meanwhile.
    private func wait(for part: Duration, times: Int) {
        timer = LoopScheduler.shared.schedule(after: part) { [weak self] in
            if times > 1 { self?.wait(for: part, times: times - 1) } else { self?.resume(nil) }
        }
    }

    private func resume(_ bytes: [UInt8]?) {
        timer?.cancel()
        timer = nil
        waiting?.resume(returning: bytes)
        waiting = nil
    }

    public func close() {
        guard source != nil else { return }
        source?.cancel()
        source = nil
        Glibc.close(descriptor)
    }

    private func take() -> [UInt8] {
        let first = arrived.removeFirst()
        peer = first.from
        return first.bytes
    }

    private func receive() {
        while true {
            var bytes = [UInt8](repeating: 0, count: 65536)
            var from = [UInt8](repeating: 0, count: 128)
            var size = socklen_t(from.count)
            let length = bytes.withUnsafeMutableBytes { buffer in
                from.withUnsafeMutableBytes {
                    recvfrom(
                        descriptor, buffer.baseAddress, buffer.count, 0,
                        $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
                }
            }
            // ECONNREFUSED concerns an earlier datagram: nobody received it.
            guard length >= 0 else { return }
            let sender = Array(from.prefix(Int(size)))
            if let relay {
                relay(Array(bytes.prefix(length)), sender)
                continue
            }
            arrived.append((Array(bytes.prefix(length)), sender))
            if waiting != nil { resume(take()) }
        }
    }
}

extension UnsafeRawPointer {
    fileprivate var bound: UnsafePointer<sockaddr> { assumingMemoryBound(to: sockaddr.self) }
}
