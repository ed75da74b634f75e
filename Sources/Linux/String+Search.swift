extension StringProtocol {
    /// The first place of `text` in this string, byte by byte of UTF-8; nil when it is empty or not there.
    ///
    /// The standard library's `firstRange(of:)` and `contains(_:)` of a string are parts of `_StringProcessing`: one use
    /// of them links in the whole engine of regular expressions, more than a megabyte.
    public func firstOccurrence(of text: String) -> Range<Index>? {
        let needle = Array(text.utf8)
        guard !needle.isEmpty else { return nil }
        var start = utf8.startIndex
        while start != utf8.endIndex {
            let rest = utf8[start...]
            if rest.starts(with: needle) {
                return start..<utf8.index(start, offsetBy: needle.count)
            }
            start = utf8.index(after: start)
        }
        return nil
    }

    /// Whether `text` is somewhere in this string; see `firstOccurrence(of:)`.
    public func holds(_ text: String) -> Bool { firstOccurrence(of: text) != nil }
}
