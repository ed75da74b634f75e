import Contract
import EventLoop
import Glibc
import Linux

/// `log NAME`: journalctl takes the place of this process.
struct LogCommand {
    /// `PACKAGE=` finds what Gatekeel wrote, `_SYSTEMD_UNIT=` what the package's units wrote, `UNIT=` what systemd says of them.
    static func arguments(_ package: PackageInfo, follow: Bool, lines: Int) -> [String] {
        var arguments = ["journalctl", "--lines=\(lines)"] + (follow ? ["--follow"] : [])
        arguments.append("PACKAGE=\(package.name)")
        for unit in package.units where !unit.holds("@.") {
            arguments += ["+", "_SYSTEMD_UNIT=\(unit)", "+", "UNIT=\(unit)"]
        }
        return arguments
    }

    static func replaceProcess(_ arguments: [String]) -> Failure {
        // What the event loop blocked must not stay so: Ctrl-C ends "log --follow".
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
        let copies = arguments.map { strdup($0) } + [nil]
        execvp(arguments[0], copies)
        return Failure(.failed, "run journalctl: \(String(cString: strerror(errno)))")
    }
}
