/// Debian's architecture names.
public enum Architecture {
    /// The architecture that this program is built for, which is the host's: `amd64`, `arm64`, …
    public static var native: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #elseif arch(arm)
            "armhf"
        #elseif arch(riscv64)
            "riscv64"
        #else
            "unknown"
        #endif
    }

    /// Whether a word of an architecture restriction matches `architecture`: `amd64`, `any`, `linux-any`, `any-amd64`, `linux-amd64`.
    static func matches(_ word: String, _ architecture: String) -> Bool {
        let parts = word.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        switch parts.count {
        case 1: return word == "any" || word == architecture
        case 2:
            return (parts[0] == "any" || parts[0] == "linux") && (parts[1] == "any" || parts[1] == architecture)
        default: return false
        }
    }
}
