import Glibc

/// A program that takes the place of this process.
struct ReplacingProgram {
    /// Its name, which is looked up in PATH, and its arguments.
    let words: [String]

    init(_ words: [String]) { self.words = words }

    /// Returns only if it cannot be run.
    func run() -> Failure {
        // What the event loop blocked must not stay so: Ctrl-C ends "log --follow".
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
        let copies = words.map { strdup($0) } + [nil]
        execvp(words[0], copies)
        return Failure(.failed, "run \(words[0]): \(String(cString: strerror(errno)))")
    }
}
