import Bus
import Contract

extension BusCall {
    /// A text argument, checked before anything is done with it.
    func text(_ index: Int, _ isValid: (String) -> Bool, _ what: String) throws(BusError) -> String {
        guard index < arguments.count, let text = arguments[index].text, isValid(text) else {
            throw ContractError(.invalidArgument, "\(member) needs \(what)").busError
        }
        return text
    }

    /// Options by name and type.
    ///
    /// - Parameter allowed: the signature of each.
    /// - Throws: `InvalidArgument` for others.
    func options(_ index: Int, _ allowed: [String: String]) throws(BusError) -> [String: BusValue] {
        let options = index < arguments.count ? arguments[index].properties ?? [:] : [:]
        for (name, value) in options where allowed[name] != value.typeSignature {
            throw ContractError(
                .invalidArgument, "there is no option '\(name)' of type \(value.typeSignature) for \(member)"
            ).busError
        }
        return options
    }
}
