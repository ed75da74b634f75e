/// Holds what others than root may write below /etc to names of the package's: of any other name a program of the host may read it,
/// and do as root what it says.
struct ConfigurationAudit {
    private(set) var findings = FindingList()

    init(_ writable: WritablePaths, names: OwnNames) {
        // What programs of the host are known to read is root's by the table of places.
        for (path, user) in writable.all(below: "/etc") where !PlaceTable.mustBeRoots(path) {
            if let place = SharedFolder.split(path), names.match(glob: place.name) { continue }
            findings.add(
                Finding(
                    .refused, .unsupported, path,
                    "\(user) may write it, and programs of the host may act on it; leave it to root, with a group that may read it, or use a folder of the package's own name"
                ))
        }
    }
}
