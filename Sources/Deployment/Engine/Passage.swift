import FaultPoints
import Linux

/// Passes the pipeline's named places: the fault campaign's in a build with the trait `FaultPoints`, a test's own in a
/// debug build; in what ships nothing remains of a place, not even its name.
struct Passage: Sendable {
    #if DEBUG
        /// Called with each name; what it throws is thrown at that place.
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
    /// What a test's probe throws to stop everything on the spot, as `kill -9` would: no clean-up, no way back.
    struct Killed: Error {}
#endif
