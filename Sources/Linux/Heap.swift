import CLinux

/// The C library's heap.
public enum Heap {
    /// Gives free memory back to the kernel (`malloc_trim(3)`): after work whose buffers are of no further use, such as a
    /// decompressor's dictionary, which the C library would keep for a next one that is days away.
    public static func giveBack() { gk_malloc_trim() }
}
