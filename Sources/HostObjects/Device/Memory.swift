/// The host's main memory (/proc/meminfo).
struct Memory: Hashable {
    let totalKibibytes: Int
    let availableKibibytes: Int

    init?(reading files: HostFiles) {
        guard let text = files.text("/proc/meminfo", limit: 65536) else { return nil }
        // By bytes: this is read with each look at the device, and characters cost fifty times as much.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"))
        func value(_ name: String) -> Int? {
            let line = lines.first { $0.starts(with: "\(name):".utf8) }
            return line?.split(separator: UInt8(ascii: " ")).dropFirst().first.flatMap { Int(Substring($0)) }
        }
        guard let total = value("MemTotal"), let available = value("MemAvailable"), total > 0 else { return nil }
        totalKibibytes = total
        availableKibibytes = available
    }

    /// Error code 5: less than a fiftieth is left.
    var isShort: Bool { availableKibibytes < totalKibibytes / 50 }
}
