import FaultPoints
import Linux

/// The pipeline's named places. In a build with the trait `FaultPoints` the fault campaign acts there, in a debug build a
/// test's probe. In a release build nothing of them remains.
struct Passage: Sendable {
    #if DEBUG
        /// Called with the name of each place; its error is thrown there.
        var probe: (@Sendable (String) throws -> Void)?
    #endif

    @inline(__always)
    func callAsFunction(_ name: StaticString) throws {
        try faultPoint(name)
        #if DEBUG
            try probe?("\(name)")
        #endif
    }
}

#if DEBUG
    /// Thrown by a test's probe to stop at once, as `kill -9` would: no clean-up, no way back.
    struct Killed: Error {}
#endif
