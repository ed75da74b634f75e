import Contract
import EventLoop
import Glibc
import Linux
import Packages

/// `log NAME`: journalctl takes the place of this process.
struct LogCommand {
    let package: PackageInfo
    var follows = false
    /// nil: all lines.
    var lines: Int?
    /// As journalctl takes it; nil: from the journal's beginning.
    var since: String?
    var isJSON = false
    /// The units that the journal has entries about (`journalctl --field=UNIT`); instances of templates are sought among them.
    var known: [String] = []

    init(_ package: PackageInfo, _ invocation: Invocation) throws(Failure) {
        self.package = package
        follows = invocation.has("follow")
        since = invocation.options["since"]
        isJSON = invocation.isJSON
        // A beginning that was asked for is not cut off.
        if invocation.has("lines") || since == nil {
            lines = try invocation.number("lines", default: 50, in: 1...1_000_000)
        }
    }

    init(_ package: PackageInfo) { self.package = package }

    var arguments: [String] {
        var arguments = ["journalctl"]
        if let lines { arguments.append("--lines=\(lines)") }
        if follows { arguments.append("--follow") }
        if let since { arguments.append("--since=\(since)") }
        if isJSON { arguments.append("--output=json") }
        return arguments + matches.joined(separator: ["+"])
    }

    /// Groups of matches, one of which an entry has to fulfil.
    ///
    /// Any user can write an entry with `PACKAGE=` or `UNIT=`. Each group holds a field that the journal itself sets
    /// (`systemd.journal-fields(7)`, "Trusted Journal Fields") and nobody can forge.
    var matches: [[String]] {
        let daemons = ["gatekeeld", "gatekeel-installd", "gatekeel-recover"].map {
            ["PACKAGE=\(package.name)", "_SYSTEMD_UNIT=\($0).service"]
        }
        // What a unit wrote, and what the service manager says of it.
        let units = (package.units + [UnitName.ofHealthCheck(of: package.name)]).flatMap { unit -> [[String]] in
            unit.holds("@.") ? instances(of: unit) : Self.matches(unit)
        }
        return daemons + units
    }

    private static func matches(_ unit: String) -> [[String]] {
        [["_SYSTEMD_UNIT=\(unit)"], ["UNIT=\(unit)", "_PID=1"]]
    }

    /// Whether the package has templates: the names of their instances are to be asked for.
    var hasTemplates: Bool { package.units.contains { $0.holds("@.") } }

    /// What an instance of a template wrote has its slice (`systemd.slice(5)`), also if it is new. What the service manager says
    /// of one has its name only.
    private func instances(of template: String) -> [[String]] {
        let parts = template.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let (prefix, suffix) = (parts[0] + "@", parts[1])
        let names = known.filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) && $0.count > template.count }
        let name = suffix == ".service" ? UnitName(template)?.sliceOfInstances : nil
        let slice = name.map { [["_SYSTEMD_SLICE=\($0)"]] } ?? []
        return slice + names.prefix(Self.mostInstances).map { ["UNIT=\($0)", "_PID=1"] }
    }

    /// `Accept=yes` makes one for each connection; a command line is bounded.
    private static let mostInstances = 500

    /// The names of the units that the journal has entries about; none when journalctl cannot tell.
    static func unitsOfTheJournal() -> [String] {
        ProgramOutput.of(["journalctl", "--quiet", "--field=UNIT"], limit: 1 << 20).split(separator: "\n").map(
            String.init)
    }
}
