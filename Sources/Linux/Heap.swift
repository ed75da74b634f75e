import CLinux

/// The C library's heap.
public enum Heap {
    /// Has every buffer from 128 KiB on given back to the kernel when it is freed (`M_MMAP_THRESHOLD` of `mallopt(3)`).
    ///
    /// That is where the C library begins, but it learns: once a decompressor's dictionary was freed, it keeps the next
    /// one for a third, which is days away in a daemon. To be called once, before there are threads.
    public static func returnsLargeBuffers() { _ = gk_mallopt_mmap_threshold(128 * 1024) }
}
