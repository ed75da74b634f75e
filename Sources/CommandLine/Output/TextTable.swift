import Configuration

/// Rows for people on a terminal, and for programs as lines with tabs.
struct TextTable: Equatable {
    let columns: [String]
    var rows: [[String]] = []

    init(_ columns: String...) { self.columns = columns }

    mutating func add(_ cells: String...) { rows.append(cells) }

    /// Columns in line, with headings; the last one is cut to the terminal's width.
    func forTerminal(width: Int) -> String {
        let all = [columns] + rows.map { $0.map(\.printable) }
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = row.indices.map { $0 == row.count - 1 ? row[$0] : row[$0].padded(widths[$0]) }
            let line = cells.joined(separator: "  ").trimmedEnd
            return (line.count > width && width > 20 ? line.prefix(width - 1) + "…" : line[...]) + "\n"
        }.joined()
    }

    /// One line a row, no headings, fields separated by tabs.
    var forPrograms: String { rows.map { $0.map(\.printable).joined(separator: "\t") + "\n" }.joined() }
}

extension String {
    /// Without what could move a terminal's cursor or hide text: what comes over the bus may come from a package or a server.
    var printable: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    switch scalar.value {
                    case 0..<0x20, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: "?"
                    default: scalar
                    }
                }))
    }

    var trimmedEnd: Substring { lastIndex { $0 != " " }.map { self[...$0] } ?? "" }
}
