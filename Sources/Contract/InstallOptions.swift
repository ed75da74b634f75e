import Bus

/// Options of `Install`.
public struct InstallOptions: Hashable, Sendable {
    /// How activation is afterwards.
    public enum Activation: String, Sendable, CaseIterable {
        /// As the old version was; a new package is not activated.
        case restore
        case yes, no
    }

    /// A version below the highest committed is taken; for root.
    public var allowDowngrade: Bool
    public var activation: Activation
    /// A package that is in place already, byte for byte, is installed once more.
    public var reinstall: Bool

    public init(allowDowngrade: Bool = false, activation: Activation = .restore, reinstall: Bool = false) {
        self.allowDowngrade = allowDowngrade
        self.reinstall = reinstall
        self.activation = activation
    }

    /// - Throws: `InvalidArgument` for an unknown option or value.
    public init(properties: [String: BusValue]) throws(ContractError) {
        self.init()
        for (key, value) in properties {
            switch (key, value) {
            case ("allow-downgrade", .bool(let flag)): allowDowngrade = flag
            case ("reinstall", .bool(let flag)): reinstall = flag
            case ("activate", .string(let text)):
                guard let activation = Activation(rawValue: text) else {
                    throw ContractError(.invalidArgument, "activate is restore, yes or no, not '\(text)'")
                }
                self.activation = activation
            default:
                throw ContractError(
                    .invalidArgument, "there is no option '\(key)' of type \(value.typeSignature) for Install")
            }
        }
    }

    public var properties: [String: BusValue] {
        [
            "allow-downgrade": .bool(allowDowngrade), "activate": .string(activation.rawValue),
            "reinstall": .bool(reinstall),
        ]
    }
}
