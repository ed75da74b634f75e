import Packages

extension Migration {
    /// What of two releases' migrations is to be done when one replaces the other, and in which direction.
    struct Due: Hashable {
        var migration: Migration
        /// An older version is put in place: what an update changed is changed back.
        var isBackward = false
    }

    /// - Parameters:
    ///   - old: the release in place; nil after a removal that kept the configuration.
    ///   - oldVersion: its version, or the one that was removed; empty if there was none.
    static func due(to new: ReleaseRecord, from old: ReleaseRecord?, _ oldVersion: String) -> [Due] {
        guard let from = DebianVersion(oldVersion), let to = DebianVersion(new.version) else { return [] }
        if to < from {
            return (old?.migrations ?? []).filter { $0.concerns(updateFrom: new.version) }.reversed()
                .map { Due(migration: $0, isBackward: true) }
        }
        return new.migrations.filter { $0.concerns(updateFrom: oldVersion) }.map { Due(migration: $0) }
    }
}
