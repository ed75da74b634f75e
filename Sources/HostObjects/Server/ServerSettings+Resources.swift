import LwM2M
import LwM2MClient

/// An account's settings as resources of object 1.
extension ServerSettings {
    /// nil for what is not set, and for what is no setting.
    ///
    /// - Parameter version: that the server is spoken to in.
    func value(of resource: UInt16, in version: EnablerVersion) -> Value? {
        switch resource {
        case 1: .integer(Int64(lifetime))
        case 2: defaultMinimumPeriod.map { .integer(Int64($0)) }
        case 3: defaultMaximumPeriod.map { .integer(Int64($0)) }
        case 5: disableTimeout.map { .integer(Int64($0)) }
        case 6: .boolean(notificationStoring)
        case 7: .string(binding(in: version))
        case 13: registrationPriority.map { .unsignedInteger(UInt64($0)) }
        case 14: initialRegistrationDelay.map { .unsignedInteger(UInt64($0)) }
        case 15: registrationFailureBlock.map { .boolean($0) }
        case 16: bootstrapOnRegistrationFailure.map { .boolean($0) }
        case 17: communicationRetryCount.map { .unsignedInteger(UInt64($0)) }
        case 18: communicationRetryTimer.map { .unsignedInteger(UInt64($0)) }
        case 19: communicationSequenceDelay.map { .unsignedInteger($0) }
        case 20: communicationSequenceCount.map { .unsignedInteger(UInt64($0)) }
        case 22: preferredTransport.map { .string($0) }
        case 23: muteSend.map { .boolean($0) }
        default: nil
        }
    }

    /// Takes a value that a server may write.
    ///
    /// - Throws: 4.00 for a number that fits no setting, 4.05 for what no server writes.
    mutating func set(_ resource: UInt16, _ value: Value, in version: EnablerVersion) throws(OperationError) {
        switch (resource, value) {
        case (1, .integer(let number)): lifetime = try Self.number(resource, number)
        case (2, .integer(let number)): defaultMinimumPeriod = try Self.number(resource, number)
        case (3, .integer(let number)): defaultMaximumPeriod = try Self.number(resource, number)
        case (5, .integer(let number)): disableTimeout = try Self.number(resource, number)
        case (6, .boolean(let flag)): notificationStoring = flag
        case (7, .string(let text)): setBinding(text, in: version)
        case (14, .unsignedInteger(let number)): initialRegistrationDelay = try Self.number(resource, number)
        case (17, .unsignedInteger(let number)): communicationRetryCount = try Self.number(resource, number)
        case (18, .unsignedInteger(let number)): communicationRetryTimer = try Self.number(resource, number)
        case (19, .unsignedInteger(let number)): communicationSequenceDelay = number
        case (20, .unsignedInteger(let number)): communicationSequenceCount = try Self.number(resource, number)
        case (22, .string(let text)): preferredTransport = text
        case (23, .boolean(let flag)): muteSend = flag
        default: throw OperationError(.methodNotAllowed, "resource \(resource) is not written")
        }
    }

    private static func number(
        _ resource: UInt16, _ number: some BinaryInteger & Sendable
    ) throws(OperationError) -> UInt32 {
        guard let value = UInt32(exactly: number) else {
            throw OperationError(.badRequest, "resource \(resource) is 0 to \(longest)")
        }
        return value
    }

    /// Takes an optional setting away; its default holds.
    mutating func clear(_ resource: UInt16) {
        switch resource {
        case 2: defaultMinimumPeriod = nil
        case 3: defaultMaximumPeriod = nil
        case 5: disableTimeout = nil
        case 14: initialRegistrationDelay = nil
        case 17: communicationRetryCount = nil
        case 18: communicationRetryTimer = nil
        case 19: communicationSequenceDelay = nil
        case 20: communicationSequenceCount = nil
        case 22: preferredTransport = nil
        case 23: muteSend = nil
        default: break
        }
    }
}
