/// One link of the CoRE link format (RFC 6690). Its target is a path of the data model or the root.
public struct Link: Hashable, Sendable {
    /// A parameter of a link: `ct=110`, `rt="oma.lwm2m"`, or a name alone.
    public struct Parameter: Hashable, Sendable {
        public let name: String
        /// The value without quotes; nil for a parameter without `=`.
        public let value: String?

        public init(_ name: String, _ value: String?) {
            self.name = name
            self.value = value
        }
    }

    /// The text between the angle brackets: `/`, `/3/0`.
    public let target: String
    public let parameters: [Parameter]

    public init(_ target: String, _ parameters: [Parameter] = []) {
        self.target = target
        self.parameters = parameters
    }

    public init(_ path: Path, _ parameters: [Parameter] = []) { self.init(path.description, parameters) }

    /// The value of a parameter; nil if the parameter is missing or has no value.
    public subscript(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
}
