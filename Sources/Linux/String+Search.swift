extension StringProtocol {
    /// The first occurrence of `text` in this string, compared as UTF-8 bytes; nil when it is empty or does not occur.
    ///
    /// The standard library's `firstRange(of:)` and `contains(_:)` for strings are in `_StringProcessing`: one use links in
    /// the regular expression engine, more than a megabyte.
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

    /// Whether `text` occurs in this string; see `firstOccurrence(of:)`.
    public func holds(_ text: String) -> Bool { firstOccurrence(of: text) != nil }
}
