import Packages

extension Set<String> {
    /// Whether a unit is among these names of units, or is an instance of a template that is.
    func holds(unit name: String) -> Bool {
        contains(name) || UnitName(name)?.template.map { contains($0.description) } ?? false
    }
}
