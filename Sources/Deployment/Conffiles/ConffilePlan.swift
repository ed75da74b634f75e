/// What a deployment does to one conffile, decided while the old release still runs.
struct ConffilePlan: Hashable, Sendable {
    enum Choice: String, Sendable, CaseIterable {
        /// The host's file stays as it is.
        case keep
        /// The packaged file is put in place.
        case install
        /// The administrator's file stays; the packaged one is written beside it as `.dpkg-dist`.
        case beside
    }

    /// What was at a path before. A file is copied into the deployment's work folder.
    enum Saved: String, Sendable, CaseIterable { case nothing, file, other }

    /// The host's path: `/etc/rinetd.conf`.
    var path: String
    var choice: Choice
    var saved: Saved
    /// The same for the `.dpkg-dist` beside it.
    var savedBeside: Saved

    var fields: [String] { [path, choice.rawValue, saved.rawValue, savedBeside.rawValue] }

    static let besideSuffix = ".dpkg-dist"
    /// Programs that read every file of a folder (logrotate, AppArmor, dnsmasq) pass over this end, as dpkg's own.
    static let savedSuffix = ".gatekeel-save.dpkg-old"
    /// With that of earlier releases of Gatekeel.
    static let savedSuffixes = [savedSuffix, ".gatekeel-save"]

    /// dpkg's rules (`deb-conffiles(5)`, `dpkg(1)` at `--force-confdef`), without a terminal to ask on.
    ///
    /// - Parameters:
    ///   - host: what is there.
    ///   - old: the bytes that the release in place was packaged with; nil when it had no such file.
    ///   - new: the bytes that the new release is packaged with.
    ///   - isCopy: whether it is a copy of a template, which is the administrator's once it was made.
    static func choice(host: HostFile.Found, old: [UInt8]?, new: [UInt8], isCopy: Bool = false) -> Choice {
        if isCopy { return host == .nothing && old == nil ? .install : .keep }
        return switch (host, old) {
        case (.nothing, nil): .install
        // The administrator removed it: it stays removed. If the package changed it, the new one is put beside.
        case (.nothing, let old?): old == new ? .keep : .beside
        case (.other, nil): .beside
        case (.other, let old?): old == new ? .keep : .beside
        case (.file(let file), _) where file.bytes == new: .keep
        // The file was there before the package.
        case (.file, nil): .beside
        case (.file(let file), let old?):
            switch (file.bytes != old, old != new) {
            case (false, true): .install  // changed by the package alone
            case (true, true): .beside  // by both
            case (true, false), (false, false): .keep  // by the administrator alone, or by nobody
            }
        }
    }
}

extension ConffilePlan {
    /// As `fields` gives them.
    ///
    /// - Throws: for anything else. A plan that is not understood may not be passed over: the host's file depends on it.
    init(fields: [String]) throws(Corrupt) {
        guard fields.count == 4, let choice = Choice(rawValue: fields[1]), let saved = Saved(rawValue: fields[2]),
            let beside = Saved(rawValue: fields[3])
        else { throw Corrupt("the plan of a conffile") }
        self.init(path: fields[0], choice: choice, saved: saved, savedBeside: beside)
    }
}
