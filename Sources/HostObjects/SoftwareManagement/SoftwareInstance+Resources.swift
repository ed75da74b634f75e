import LwM2M

extension SoftwareInstance {
    /// The readable resources whose changes are notified, in this order: Result (9) before State (7).
    static let announced: [UInt16] = [0, 1, 16, 9, 12, 8, 7]

    /// The value of a readable resource; nil for any other.
    func value(_ resource: UInt16) -> Value? {
        switch resource {
        case 0: .string(name)
        case 1: .string(version)
        case 7: .integer(Int64(record.state.rawValue))
        case 8: .boolean(record.updatesObjects)
        case 9: .integer(Int64(record.result.rawValue))
        case 12: .boolean(active)
        case 16: .string(record.reason)
        default: nil
        }
    }
}
