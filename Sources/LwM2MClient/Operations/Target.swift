import LwM2M

/// What a request's Uri-Path names (LwM2M Core 6.3, Table 6.3-1).
enum Target: Hashable, Sendable {
    /// `/`: the composite operations and a bootstrap server's.
    case root
    /// `/bs`: a bootstrap server's.
    case bootstrap
    case path(Path)

    /// nil for a path that this client cannot have: names, too many segments, identifiers that are none.
    init?(_ segments: [String]) {
        switch segments.count {
        case 0: self = .root
        case 1 where segments[0] == "bs": self = .bootstrap
        case 1 where segments[0].isEmpty: self = .root
        case 1:
            guard let object = Self.identifier(segments[0]) else { return nil }
            self = .path(Path(object))
        case 2:
            guard let object = Self.identifier(segments[0]), let instance = Self.identifier(segments[1]) else {
                return nil
            }
            self = .path(Path(object, instance))
        case 3, 4:
            guard let object = Self.identifier(segments[0]), let instance = Self.identifier(segments[1]),
                let resource = Self.identifier(segments[2])
            else { return nil }
            guard segments.count == 4 else {
                self = .path(Path(object, instance, resource))
                return
            }
            guard let resourceInstance = Self.identifier(segments[3]) else { return nil }
            self = .path(Path(object, instance, resource, resourceInstance))
        default: return nil
        }
    }

    /// As `Path.identifier`, on a small string's bytes: this runs for every request.
    private static func identifier(_ segment: String) -> UInt16? {
        var value: UInt32 = 0
        var count = 0
        for byte in segment.utf8 {
            guard (0x30...0x39).contains(byte), count < 5, count == 0 || value > 0 else { return nil }
            value = value * 10 + UInt32(byte - 0x30)
            count += 1
        }
        return count > 0 && value < UInt32(UInt16.max) ? UInt16(value) : nil
    }
}
