import Configuration

/// Finds lines of `tmpfiles.d(5)` that copy from the package's own /usr: systemd-tmpfiles runs on the host and cannot see it.
enum TmpfilesAudit {
    static func findings(_ bytes: [UInt8], path: String, tree: PackagedPaths) -> [Finding] {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.enumerated().compactMap { index, line in
            guard let words = Words.split(String(line)), words.count >= 2, words[0].first != "#" else { return nil }
            let source = words.count > 6 ? words[6] : words[0].hasPrefix("C") ? "/usr/share/factory\(words[1])" : ""
            guard words[0].hasPrefix("C"), tree.holds(source) else { return nil }
            return Finding(
                .warning, .unsupported, path, line: index + 1,
                "systemd-tmpfiles runs on the host and does not find \(source), which is only in the package; this line fails"
            )
        }
    }
}
