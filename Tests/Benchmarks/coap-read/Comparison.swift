import Glibc
import Linux

/// Both subjects, measured in turn.
struct Comparison {
    /// Ours may cost this many times the reference.
    static let bound = 1.1

    private var requests = 20_000
    private var rounds = 7
    private var program: [String] = []

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        func number() throws -> Int {
            guard let value = rest.popFirst().flatMap({ Int($0) }), value > 0 else {
                throw BenchError("a number is missing")
            }
            return value
        }
        while let option = rest.popFirst() {
            switch option {
            case "--requests": requests = try number()
            case "--rounds": rounds = try number()
            case "--":
                program = Array(rest)
                rest = []
            default: throw BenchError("unknown option '\(option)': --requests N, --rounds N, -- PROGRAM…")
            }
        }
    }

    /// Prints the figures; whether the bound holds.
    func run() throws -> Bool {
        try pin()
        let (ours, reference) = (try startOurs(), try startReference())
        defer {
            for subject in [ours, reference] {
                kill(subject.pid, SIGKILL)
                waitpid(subject.pid, nil, 0)
            }
        }
        // Once to warm up.
        for subject in [ours, reference] { _ = try measure(subject) }
        var figures: [(ours: Double, reference: Double)] = []
        for _ in 0..<rounds { figures.append((try measure(ours), try measure(reference))) }
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        let (own, other) = (median(figures.map(\.ours)), median(figures.map(\.reference)))
        let ratio = median(figures.map { $0.ours / $0.reference })
        func text(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
        print(
            "CPU per Read /3/0/0: ours \(text(own)) µs, coap-server \(text(other)) µs, ratio \(text(ratio)) "
                + "(bound \(Comparison.bound); \(rounds) rounds of \(requests) requests on one core)")
        return ratio <= Comparison.bound
    }

    // MARK: Subjects

    private struct Subject {
        let pid: pid_t
        let asker: Asker
    }

    private func startOurs() throws -> Subject {
        let asker = try Asker()
        setenv("GATEKEEL_BENCH_PORT", "\(asker.port)", 1)
        let own = ["/proc/self/exe", "--serve", "\(asker.port)"]
        let pid = try start(program.isEmpty ? own : program)
        try asker.awaitRegistration()
        return Subject(pid: pid, asker: asker)
    }

    private func startReference() throws -> Subject {
        // A port of the kernel's choice, free a moment ago.
        let port = try { try Asker().port }()
        let pid = try start(["/usr/bin/coap-server-openssl", "-A", "127.0.0.1", "-p", "\(port)", "-d", "4", "-v", "0"])
        let asker = try Asker()
        try asker.connect(port)
        // PUT makes the resource; it is tried until the server listens.
        for _ in 0..<100 {
            if let code = try? asker.ask(3, Array("Gatekeel".utf8)), code == 0x41 || code == 0x44 {
                return Subject(pid: pid, asker: asker)
            }
            usleep(20_000)
        }
        throw BenchError("coap-server-openssl (package libcoap3-bin) did not start")
    }

    private func start(_ arguments: [String]) throws -> pid_t {
        var pid: pid_t = 0
        var strings: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for string in strings { free(string) } }
        let result = posix_spawnp(&pid, arguments[0], nil, nil, &strings, environ)
        guard result == 0 else { throw Errno(result, "start \(arguments[0])") }
        return pid
    }

    /// Everything on one core, those that are started as well: this program starts itself anew under taskset(1).
    private func pin() throws {
        guard getenv("GATEKEEL_BENCH_PINNED") == nil else { return }
        setenv("GATEKEEL_BENCH_PINNED", "1", 1)
        let arguments = ["taskset", "-c", "0", "/proc/self/exe"] + CommandLine.arguments.dropFirst()
        // /proc/self/exe would be taskset's own by then.
        guard let path = realpath("/proc/self/exe", nil) else { throw Errno.current("/proc/self/exe") }
        var strings: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        strings[3] = path
        execvp("taskset", &strings)
        throw Errno.current("taskset")
    }

    // MARK: Measuring

    /// Microseconds of CPU per request.
    private func measure(_ subject: Subject) throws -> Double {
        let before = try cpuTime(subject.pid)
        for _ in 0..<requests {
            let code = try subject.asker.ask(1)
            guard code == 0x45 else { throw BenchError("a Read was answered by \(code >> 5).\(code & 31)") }
        }
        return (try cpuTime(subject.pid) - before) * 1e6 / Double(requests)
    }

    /// utime + stime in seconds, from the process's own clock: /proc's has ticks of 10 ms.
    private func cpuTime(_ pid: pid_t) throws -> Double {
        var clock = clockid_t()
        guard clock_getcpuclockid(pid, &clock) == 0 else { throw BenchError("process \(pid) has ended") }
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
