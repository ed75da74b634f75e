import Glibc
import Linux
import Packages

/// Removes what is not needed: left-overs of crashes, old releases, incomplete staged packages, copies of past
/// deployments.
struct StoreCleanUp: Sendable {
    let store: Store
    /// The deployment to be resumed; what it needs is kept.
    let deployment: DeploymentRecord?

    /// Cleans the whole store when the daemon starts. What cannot be read or removed is reported and left.
    ///
    /// - Throws: when the store's folders cannot be listed.
    func run() throws -> [RecoveryNote] {
        var notes: [RecoveryNote] = []
        func attempt(_ package: String, _ body: () throws -> Void) {
            do {
                try body()
            } catch {
                notes.append(
                    RecoveryNote(kind: .unreadable, package: package, deployment: "", text: "clean-up: \(error)"))
            }
        }
        let staged = try store.loadStaged()
        for text in staged.complaints {
            notes.append(RecoveryNote(kind: .unreadable, package: "", deployment: "", text: text))
        }
        for token in staged.broken {
            attempt("") {
                try store.discard(staged: token)
                notes.append(
                    RecoveryNote(
                        kind: .cleaned, package: "", deployment: "", text: "an incomplete staged package was removed"))
            }
        }
        for name in try Files.namesIfPresent(in: "\(store.journalFolder)/work") where name != deployment?.id {
            attempt("") { try Files.removeTree(store.work(of: name)) }
        }
        for name in try Files.namesIfPresent(in: store.packagesFolder) {
            if name.hasPrefix(".trash-") { attempt("") { try Files.removeTree("\(store.packagesFolder)/\(name)") } }
            guard PackageName.isValid(name) else { continue }
            attempt(name) {
                for text in try store.state(of: name).complaints {
                    notes.append(RecoveryNote(kind: .corrupt, package: name, deployment: "", text: text))
                }
            }
            guard name != deployment?.package else { continue }
            attempt(name) {
                if let note = try StoreRepair(store: store, package: name).run() { notes.append(note) }
                try clean(package: name)
            }
        }
        return notes
    }

    /// Cleans one package without a deployment in progress.
    func clean(package: String) throws {
        let folder = store.folder(of: package)
        guard try Files.exists(folder) else { return }
        // Read before anything is removed: the releases that the links name are in use. If a link cannot be read, stop.
        let current = try store.release(.current, of: package)
        let previous = try store.release(.previous, of: package)
        for name in try Files.names(in: folder) where name == Unpacking.temporaryName || name.hasPrefix(".") {
            try store.passage("deployment.clean.each")
            try Files.removeTree("\(folder)/\(name)")
        }
        for release in try store.releases(of: package) where release != current && release != previous {
            try store.passage("deployment.clean.each")
            try store.discardTree("\(folder)/\(release)")
        }
        if current != nil { try Files.removeTree("\(folder)/pristine") }
        try Files.remove(store.marker(of: package))
        // Left by a failed first install. A folder with a state stays.
        rmdir(folder)
    }
}
