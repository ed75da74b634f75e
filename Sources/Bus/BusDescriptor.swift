import Linux

/// A file descriptor in a message. It is closed with the last value that holds it.
public final class BusDescriptor: Sendable {
    /// The descriptor. `file.duplicate()` makes one that outlives the message.
    public let file: FileDescriptor

    /// Takes ownership. sd-bus sends a duplicate, so the value may be dropped after the call was made.
    public init(_ file: consuming FileDescriptor) { self.file = file }
}

extension BusDescriptor: Hashable {
    public static func == (left: BusDescriptor, right: BusDescriptor) -> Bool { left === right }

    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
