/// The host's main memory (/proc/meminfo).
struct Memory: Hashable {
    let totalKibibytes: Int
    let availableKibibytes: Int

    init?(reading files: HostFiles) {
        guard let text = files.text("/proc/meminfo", limit: 65536) else { return nil }
        func value(_ name: String) -> Int? {
            let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
            return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        }
        guard let total = value("MemTotal"), let available = value("MemAvailable"), total > 0 else { return nil }
        totalKibibytes = total
        availableKibibytes = available
    }

    /// Error code 5: less than a fiftieth is left.
    var isShort: Bool { availableKibibytes < totalKibibytes / 50 }
}
