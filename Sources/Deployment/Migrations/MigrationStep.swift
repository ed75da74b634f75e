import Packages
import State

/// One change of the host's files that an update makes for a migration, decided while the old release still runs.
struct MigrationStep: Hashable, Sendable {
    enum Action: String, Sendable, CaseIterable {
        /// Removes an unedited file. One that was edited since gets the other name.
        case remove
        /// Gives a file, link or folder the other name.
        case rename
        /// Removes the link whose target is `other`.
        case removeLink = "remove-link"
        /// Makes a link whose target is `other`, where nothing is.
        case makeLink = "make-link"
        /// Removes an empty folder. `other` has its mode and owner, to make it again.
        case removeFolder = "remove-folder"
    }

    var action: Action
    /// Absolute, as the package has it: `/etc/foo/old.conf`.
    var path: String
    var other: String
    /// What was at both paths before. Files are copied into the deployment's work folder.
    var saved = ConffilePlan.Saved.nothing
    var savedOther = ConffilePlan.Saved.nothing

    var fields: [String] { [action.rawValue, path, other, saved.rawValue, savedOther.rawValue] }

    init(_ action: Action, _ path: String, _ other: String) {
        self.action = action
        self.path = path
        self.other = other
    }

    /// As `fields` gives them.
    ///
    /// - Throws: for anything else: the host's files depend on it.
    init(fields: [String]) throws(Corrupt) {
        guard fields.count == 5, let action = Action(rawValue: fields[0]),
            let saved = ConffilePlan.Saved(rawValue: fields[3]), let other = ConffilePlan.Saved(rawValue: fields[4])
        else { throw Corrupt("a step of a migration") }
        self.init(action, fields[1], fields[2])
        (self.saved, savedOther) = (saved, other)
    }

    /// Whether nothing is at the path afterwards, until the new release's files are put there.
    var clears: Bool { action != .makeLink }

    /// Of an edited conffile that the package no longer has (`dpkg-maintscript-helper(1)`).
    static let obsoleteSuffix = ".dpkg-bak"
    /// Of one that the package removes on upgrade (`deb-conffiles(5)`), and of what is in the way of a folder or file.
    static let replacedSuffix = ".dpkg-old"
}

/// The steps of a deployment, and what the new conffiles will find.
struct MigrationPlan {
    var steps: [MigrationStep] = []
    /// Where the administrator's file of a conffile comes from: the new path, the old path.
    var moved: [String: String] = [:]
    /// Of these, conffiles that come back in the state in which an update set them aside.
    var restored: Set<String> = []

    /// Whether the steps remove what is at a path, or a link or file above it.
    func clears(_ path: String) -> Bool {
        steps.contains { $0.clears && (path == $0.path || path.hasPrefix($0.path + "/")) }
    }
}
