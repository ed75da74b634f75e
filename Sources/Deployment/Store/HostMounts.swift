import Linux

/// Mount points of the host, from `proc_pid_mountinfo(5)`.
enum HostMounts {
    /// The outermost mount points below a folder, without those that systemd makes to hide something from this daemon.
    ///
    /// - Parameter text: the lines of mountinfo.
    static func below(_ folder: String, in text: String) -> [String] {
        var points: [String] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 5, !fields[3].hasPrefix("/systemd/inaccessible/") else { continue }
            let point = unescaped(fields[4])
            if point.hasPrefix(folder + "/") { points.append(point) }
        }
        return Set(points).filter { point in !points.contains { point.hasPrefix($0 + "/") } }.sorted()
    }

    /// A blank, a tabulator, a newline and a backslash are written as `\` and three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
