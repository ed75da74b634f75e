#if FAULT_POINTS
    import Glibc
    import Linux

    /// A named place where the fault campaign can make this process fail.
    ///
    /// The campaign writes one file a point, `/run/gatekeel-faults/NAME`, that holds `ACTION COUNT [AFTER]`: the next AFTER
    /// passages (0) go by, and for each of COUNT thereafter ACTION happens: `error` throws `EIO`, `nospace` throws `ENOSPC`,
    /// `kill` is `kill -9` of this process. What is left is written back before the action, so that it holds across restarts.
    /// A file `NAME@PROGRAM` is for that program alone.
    ///
    /// In a build without the trait `FaultPoints` this function is empty and no name remains in the binary.
    public func faultPoint(_ name: StaticString) throws(Errno) {
        var path = "/run/gatekeel-faults/\(name)"
        let own = "\(path)@\(Files.split(CommandLine.arguments.first ?? "").name)"
        if try Files.exists(own) { path = own }
        guard let bytes = try Files.readIfPresent(path, limit: 64) else { return }
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count >= 2, let count = Int(words[1]), count > 0 else { return }
        if words.count > 2, let after = Int(words[2]), after > 0 {
            return try Files.replace(path, with: "\(words[0]) \(count) \(after - 1)".utf8, mode: 0o666)
        }
        try Files.replace(path, with: "\(words[0]) \(count - 1)".utf8, mode: 0o666)
        switch words[0] {
        case "kill": kill(getpid(), SIGKILL)
        case "nospace": throw Errno(ENOSPC, "fault point \(name)")
        default: throw Errno(EIO, "fault point \(name)")
        }
    }
#else
    import Linux

    /// A named place of the fault campaign; empty in this build.
    @inlinable @inline(__always)
    public func faultPoint(_ name: StaticString) throws(Errno) {}
#endif
