/// The values of Error Code (3/0/11). 1 to 8 are the specification's (LwM2M Core, Appendix E.4), 16 to 32 this device's own;
/// numbers are never used again for something else.
public enum DeviceError: Int64, Hashable, Sendable, CaseIterable, Comparable {
    case lowBattery = 1
    case externalPowerOff = 2
    case positioningFailure = 3
    case lowSignal = 4
    case outOfMemory = 5
    case messagingFailure = 6
    case connectivityFailure = 7
    case peripheralMalfunction = 8
    /// gatekeeld's configuration has errors; the last one that worked is in use.
    case configurationRefused = 16
    /// An account cannot be used: its key file is refused.
    case accountUnusable = 17
    /// gatekeel-installd's configuration has errors; the last one that worked is in use.
    case installerConfigurationRefused = 18
    /// gatekeel-installd cannot open its store; nothing can be installed, and what is in place is not known.
    case storeUnreadable = 19
    /// gatekeeld cannot read a part of its state; it works without that part.
    case stateUnreadable = 20

    /// From this number on the codes are the device's own, since version 1.2 of the object.
    static let firstOfDevice: Int64 = 16

    public static func < (left: DeviceError, right: DeviceError) -> Bool { left.rawValue < right.rawValue }
}

/// The instances of Error Code (3/0/11).
///
/// No error is instance 0 with value 0. The first error takes instance 0, each further one a new instance; an error that
/// is gone takes its instance with it, the last one leaves instance 0 with value 0.
struct ErrorCodes: Hashable {
    private var instances: [UInt16: DeviceError] = [:]

    var values: [UInt16: Int64] {
        instances.isEmpty ? [0: 0] : instances.mapValues(\.rawValue)
    }

    /// An error appeared or is gone; whether that changed anything.
    mutating func set(_ error: DeviceError, _ isPresent: Bool) -> Bool {
        let instance = instances.first { $0.value == error }?.key
        switch (instance, isPresent) {
        case (nil, true):
            let free = (0..<UInt16.max).first { instances[$0] == nil }
            guard let free else { return false }
            instances[free] = error
            return true
        case (let instance?, false):
            instances[instance] = nil
            return true
        default: return false
        }
    }

    /// Reset Error Code (12): all instances go, and what is still wrong comes back, counted from 0.
    mutating func reset() {
        let present = instances.values.sorted()
        instances = [:]
        for error in present { _ = set(error, true) }
    }
}
