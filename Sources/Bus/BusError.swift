import CSDBus
import Glibc

/// A D-Bus error: a name for programs, a message for people.
public struct BusError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `org.freedesktop.DBus.Error.NoReply`.
    public let name: String
    public let message: String

    public init(_ name: String, _ message: String) {
        self.name = name
        self.message = message
    }

    public var description: String { "\(message) (\(name))" }

    /// The error of a failed sd-bus function, with the name from `sd_bus_error_set_errno(3)`.
    init(result: Int32, _ context: String) {
        var error = sd_bus_error()
        sd_bus_error_set_errno(&error, abs(result))
        name = error.name.map { String(cString: $0) } ?? Self.failed
        message = "\(context): \(String(cString: strerror(abs(result))))"
        sd_bus_error_free(&error)
    }

    /// There was no answer in time, or the connection ended first.
    public static let noReply = "org.freedesktop.DBus.Error.NoReply"
    /// The connection is closed.
    public static let disconnected = "org.freedesktop.DBus.Error.Disconnected"
    public static let failed = "org.freedesktop.DBus.Error.Failed"
    public static let invalidArguments = "org.freedesktop.DBus.Error.InvalidArgs"
    public static let accessDenied = "org.freedesktop.DBus.Error.AccessDenied"
    public static let unknownMethod = "org.freedesktop.DBus.Error.UnknownMethod"
    public static let unknownInterface = "org.freedesktop.DBus.Error.UnknownInterface"
    public static let unknownProperty = "org.freedesktop.DBus.Error.UnknownProperty"
    public static let propertyReadOnly = "org.freedesktop.DBus.Error.PropertyReadOnly"
    /// Nobody owns the name that was called.
    public static let serviceUnknown = "org.freedesktop.DBus.Error.ServiceUnknown"
    public static let nameHasNoOwner = "org.freedesktop.DBus.Error.NameHasNoOwner"
}

/// Throws the error for a negative result of an sd-bus function.
@discardableResult
func checked(_ result: Int32, _ context: @autoclosure () -> String) throws(BusError) -> Int32 {
    guard result < 0 else { return result }
    throw BusError(result: result, context())
}
