#if DEBUG
    /// A test's seam: makes the functions of `Files` that read a path fail with an error of the test's choice.
    public enum ReadFaults {
        private static let codes = Locked<[String: Int32]>([:])

        /// From now on every read of this path (its bytes, names, status or link) fails with `code`; nil ends that.
        ///
        /// Paths are compared as text. Tests run beside each other: choose paths in a folder of the test's own.
        public static func set(_ code: Int32?, for path: String) { codes.withLock { $0[path] = code } }

        static func code(for path: String) -> Int32? { codes.withLock { $0[path] } }
    }
#endif

/// Throws what a test set for this path; empty in what ships.
@inline(__always)
func readFault(_ path: String) throws(Errno) {
    #if DEBUG
        if let code = ReadFaults.code(for: path) { throw Errno(code, "read \(path)") }
    #endif
}
