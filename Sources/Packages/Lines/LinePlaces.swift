/// Where lines of `tmpfiles.d(5)` may have something: the table of places, for paths of lines.
enum LinePlaces {
    /// Why no line may have this path; nil when it may.
    static func refusal(_ path: String) -> String? {
        if case .refused(let why) = PlaceTable.verdict(path, .tmpfilesLine) { return why }
        return SharedFolder.split(path) == nil
            ? "packages have no names of their own there; use /run/NAME or /var/lib/NAME" : nil
    }
}
