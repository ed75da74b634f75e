import Glibc
import Linux

/// Why no figure came.
struct BenchError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A blocking UDP socket that asks one thing at a time.
final class Asker {
    let port: UInt16
    private let descriptor: Int32
    private var identifier: UInt16 = 0
    private var buffer = [UInt8](repeating: 0, count: 2048)

    init() throws {
        descriptor = try retrying("socket") { socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0) }
        let number = descriptor
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = Asker.loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                try retrying("bind") { bind(number, pointer, size) }
                try retrying("getsockname") { getsockname(number, pointer, &size) }
            }
        }
        port = UInt16(bigEndian: address.sin_port)
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    /// Speaks to this port alone from now on.
    func connect(_ port: UInt16) throws {
        var address = Asker.loopback(port)
        let number = descriptor
        _ = try withUnsafePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                try retrying("connect") { Glibc.connect(number, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
        }
    }

    /// Waits for a registration, answers it, and speaks to its sender from now on.
    func awaitRegistration() throws {
        var from = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let number = descriptor
        let length = withUnsafeMutablePointer(to: &from) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                recvfrom(number, &buffer, buffer.count, 0, pointer, &size)
            }
        }
        guard length >= 4, buffer[1] == 2 else { throw BenchError("no registration came") }
        try connect(UInt16(bigEndian: from.sin_port))
        let token = Array(buffer[4..<4 + Int(buffer[0] & 15)])
        // ACK 2.01, Location-Path: rd, 1.
        say([0x60 | UInt8(token.count), 0x41, buffer[2], buffer[3]] + token + [0x82, 0x72, 0x64, 0x01, 0x31])
    }

    private func say(_ bytes: [UInt8]) { _ = send(descriptor, bytes, bytes.count, 0) }

    /// A confirmable request to /3/0/0 with a token of four bytes; returns the code of the answer.
    func ask(_ method: UInt8, _ payload: [UInt8] = []) throws -> UInt8 {
        identifier &+= 1
        let (high, low) = (UInt8(identifier >> 8), UInt8(identifier & 255))
        var message: [UInt8] = [0x44, method, high, low, 1, 2, high, low, 0xb1, 0x33, 0x01, 0x30, 0x01, 0x30]
        if !payload.isEmpty { message += [0xff] + payload }
        say(message)
        while true {
            let length = recv(descriptor, &buffer, buffer.count, 0)
            guard length >= 4 else { throw BenchError("no answer came") }
            // Other messages of the subject's (an Update) are passed over.
            if buffer[0] >> 4 & 3 == 2, buffer[2] == high, buffer[3] == low { return buffer[1] }
        }
    }

    deinit { close(descriptor) }
}
