/// FNV-1a with 64 bits (RFC 9923): tells damaged or changed bytes from the original ones.
///
/// It does not hold against an adversary, who can make other bytes of the same value.
public func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
    // Arrays and texts lie in one piece. A generic sequence costs a hundred instructions for each byte.
    bytes.withContiguousStorageIfAvailable(fold) ?? Array(bytes).withUnsafeBufferPointer(fold)
}

private func fold(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return digest
}
