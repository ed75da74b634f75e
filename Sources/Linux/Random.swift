import CLinux

/// `getrandom(2)`: bytes fit for tokens and keys.
public func randomBytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
        while length < count {
            let got = gk_getrandom(buffer.baseAddress.map { $0 + length }, count - length)
            // Only EINTR can happen: the pool is initialised long before a service starts.
            if got > 0 { length += got }
        }
    }
}
