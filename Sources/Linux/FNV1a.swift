/// FNV-1a with 64 bits (RFC 9923): tells damaged or changed bytes from the original ones.
///
/// It does not hold against an adversary, who can make other bytes of the same value.
public func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
