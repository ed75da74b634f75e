import Linux

/// A file descriptor that travels in a message; closed when the last value that holds it is gone.
public final class BusDescriptor: Sendable {
    /// The descriptor; `file.duplicate()` gives one that outlives the message.
    public let file: FileDescriptor

    /// Takes ownership. sd-bus sends a duplicate, so the value may be dropped once the call was made.
    public init(_ file: consuming FileDescriptor) { self.file = file }
}

extension BusDescriptor: Hashable {
    public static func == (left: BusDescriptor, right: BusDescriptor) -> Bool { left === right }

    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
