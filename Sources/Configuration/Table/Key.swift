/// A key of a configuration file, declared once: its reader, its default and its documentation.
public struct Key<Value: Sendable>: Sendable {
    public let name: String
    public let type: ValueType<Value>
    public let defaultValue: Value
    /// Sentences for people; also those of the packaged file and of the man page.
    public let documentation: String

    public init(_ name: String, _ type: ValueType<Value>, default defaultValue: Value, _ documentation: String) {
        self.name = name
        self.type = type
        self.defaultValue = defaultValue
        self.documentation = documentation
    }

    /// The key without its type, for tables.
    public var declaration: KeyDeclaration {
        let parse = type.parse
        return KeyDeclaration(
            name: name, allowed: type.allowed, isList: type.isList, isShown: type.isShown,
            defaultText: type.format(defaultValue),
            documentation: documentation, accepts: { parse($0) != nil }, explain: type.explain,
            fault: type.fault)
    }
}

extension Key {
    /// A key without a value unless one is written.
    public init<Wrapped>(_ name: String, _ type: ValueType<Wrapped>, _ documentation: String)
    where Value == Wrapped? {
        self.init(name, type.optional, default: nil, documentation)
    }
}

/// A key as a table holds it.
public struct KeyDeclaration: Sendable {
    public let name: String
    public let allowed: String
    public let isList: Bool
    /// Whether a message may show a value that is not accepted.
    public let isShown: Bool
    /// As it is written in a file; empty when there is none.
    public let defaultText: String
    public let documentation: String
    public let accepts: @Sendable (String) -> Bool
    /// Which part of a text that is not accepted is wrong, where that can be said.
    public let explain: @Sendable (String) -> String?
    /// The part of a text that is not accepted, to be shown instead of the whole.
    public let fault: @Sendable (String) -> String?
}
