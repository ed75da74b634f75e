import JSON

extension FuzzTarget {
    /// What is written is read back as the same text, and nesting is bounded.
    static let json = FuzzTarget("json") { bytes in
        guard let value = accepted({ () throws(JSON.Malformed) in try JSON.parse(bytes) }) else { return }
        let written = value.write()
        let again = requireSuccess("a written JSON text is read") { () throws(JSON.Malformed) in try JSON.parse(written)
        }
        // Bytes, not values: Swift takes texts as equal whose bytes differ.
        requireEqual(again.write(), written, "JSON is written as it was read")
        let indented = value.writeIndented()
        let third = requireSuccess("indented JSON is read") { () throws(JSON.Malformed) in try JSON.parse(indented) }
        requireEqual(third.write(), written, "blanks of JSON mean nothing")
    }
}
