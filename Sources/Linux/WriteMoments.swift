#if DEBUG
    /// A test's seam: what another process does between the check of a held folder and the write in it.
    public enum WriteMoments {
        private static let bodies = Locked<[String: @Sendable () -> Void]>([:])

        /// Calls `body` the next time that the file of this path is replaced, after its folder was found and before anything
        /// is written.
        public static func set(_ path: String, _ body: @escaping @Sendable () -> Void) {
            bodies.withLock { $0[path] = body }
        }

        static func take(_ path: String) -> (@Sendable () -> Void)? {
            bodies.withLock { $0.removeValue(forKey: path) }
        }
    }
#endif

/// Does what a test set for this moment; empty in what ships.
@inline(__always)
func momentOfWriting(_ path: String) {
    #if DEBUG
        WriteMoments.take(path)?()
    #endif
}
