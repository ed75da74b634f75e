extension String {
    /// The text itself if it has at most so many bytes, else its beginning with an ellipsis: for what others bring and what is
    /// recorded or sent.
    public func bounded(to bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        let mark = "…"
        var end = utf8.index(startIndex, offsetBy: max(0, bytes - mark.utf8.count))
        // Not within a character.
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return self[..<end] + mark
    }
}
