import CLinux

/// The C library's heap.
public enum Heap {
    /// Makes the C library return every freed buffer of 128 KiB or more to the kernel (`M_MMAP_THRESHOLD` of `mallopt(3)`).
    ///
    /// That is its initial threshold, but it raises it when a large buffer is freed, and then keeps the next one: a daemon
    /// would hold a decompressor's dictionary for days. Call it once, before threads are started.
    public static func returnsLargeBuffers() { _ = gk_mallopt_mmap_threshold(128 * 1024) }
}
