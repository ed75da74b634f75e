/// A D-Bus interface as a table: the single source for dispatch, introspection and the documented XML.
public struct BusInterface: Sendable {
    public let name: String
    /// A description for people, which becomes a comment in the XML.
    public let summary: String
    public let methods: [Method]
    public let signals: [Signal]
    public let properties: [Property]

    public init(
        _ name: String, _ summary: String, methods: [Method] = [], signals: [Signal] = [], properties: [Property] = []
    ) {
        self.name = name
        self.summary = summary
        self.methods = methods
        self.signals = signals
        self.properties = properties
    }

    /// A named value of a method or signal.
    public struct Argument: Sendable {
        public let name: String
        public let signature: String

        public init(_ name: String, _ signature: String) {
            self.name = name
            self.signature = signature
        }
    }

    public struct Method: Sendable {
        public let name: String
        public let summary: String
        public let inputs: [Argument]
        public let outputs: [Argument]
        /// Whether it changes something, and so needs more than the permission to read.
        public let changes: Bool

        public init(
            _ name: String, _ summary: String, inputs: [Argument] = [], outputs: [Argument] = [], changes: Bool = false
        ) {
            self.name = name
            self.summary = summary
            self.inputs = inputs
            self.outputs = outputs
            self.changes = changes
        }
    }

    public struct Signal: Sendable {
        public let name: String
        public let summary: String
        public let arguments: [Argument]

        public init(_ name: String, _ summary: String, arguments: [Argument] = []) {
            self.name = name
            self.summary = summary
            self.arguments = arguments
        }
    }

    /// A read-only property. Our interfaces have no writable properties.
    public struct Property: Sendable {
        public let name: String
        public let summary: String
        public let signature: String
        public let changes: Changes

        /// `org.freedesktop.DBus.Property.EmitsChangedSignal`.
        public enum Changes: String, Sendable {
            /// The signal contains the new value.
            case told = "true"
            /// The value never changes while the service runs.
            case never = "const"
        }

        public init(_ name: String, _ signature: String, _ summary: String, changes: Changes = .told) {
            self.name = name
            self.signature = signature
            self.summary = summary
            self.changes = changes
        }
    }
}

extension [BusInterface.Argument] {
    /// The joined signatures of the arguments, as in a message's header.
    var typeSignature: String { map(\.signature).joined() }
}
