/// What a manifest says of the package's units: which are started, and what they start.
public struct UnitChoice: Hashable, Sendable {
    /// The units and instances that Activate enables and starts, and no others; nil: the maintainer scripts decide.
    public var started: [String]?
    /// Units that Activate enables besides, and that run from the next boot on.
    public var enabled: [String]
    /// Units that others start, as links of a generator would say.
    public var wants: [Want]

    /// `Wants=` of a unit.
    public struct Want: Hashable, Sendable {
        public var unit: String
        /// A unit, or an instance of a template.
        public var wanted: String
    }

    public init(started: [String]? = nil, enabled: [String] = [], wants: [Want] = []) {
        self.started = started
        self.enabled = enabled
        self.wants = wants
    }

    /// Whether a unit is enabled; nil: the maintainer scripts decide.
    func isEnabled(_ unit: String) -> Bool? { started.map { $0.contains(unit) || enabled.contains(unit) } }

    /// `UNIT:WANTED`, of which neither is a template. In the name of an instance there may be a colon.
    static func want(_ word: String) -> Want? {
        for colon in word.indices where word[colon] == ":" {
            let (unit, wanted) = (String(word[..<colon]), String(word[word.index(after: colon)...]))
            guard let first = UnitName(unit), let second = UnitName(wanted) else { continue }
            return first.isTemplate || second.isTemplate ? nil : Want(unit: unit, wanted: wanted)
        }
        return nil
    }
}
