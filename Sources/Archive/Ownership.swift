/// The owners of unpacked entries.
public enum Ownership: Sendable {
    /// An owner and a group, by number.
    public struct Pair: Hashable, Sendable {
        public var owner: UInt32
        public var group: UInt32

        public init(owner: UInt32, group: UInt32) {
            self.owner = owner
            self.group = group
        }
    }

    /// Everything belongs to root. Entries with another owner are refused.
    case root
    /// Maps the archive's owners. A result of nil refuses the entry.
    case mapped(@Sendable (ArchiveEntry) -> Pair?)
    /// Ignores the archive's owners: everything belongs to the calling user. For inspecting packages, and for tests.
    case caller

    /// The owner to set for an entry; nil leaves it with the calling user.
    func pair(for entry: ArchiveEntry) throws(ArchiveError) -> Pair? {
        func unknown() -> ArchiveError {
            let name = entry.ownerName.isEmpty ? "\(entry.owner)" : entry.ownerName
            let group = entry.groupName.isEmpty ? "\(entry.group)" : entry.groupName
            return .refused(
                path: entry.path,
                reason: "it belongs to \(name):\(group); build the package with root:root as owner of its files")
        }
        switch self {
        case .caller: return nil
        case .root:
            guard entry.owner == 0, entry.group == 0 else { throw unknown() }
            return Pair(owner: 0, group: 0)
        case .mapped(let map):
            guard let pair = map(entry) else { throw unknown() }
            return pair
        }
    }
}
