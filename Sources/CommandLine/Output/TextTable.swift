import Configuration

/// Rows for people on a terminal, and for programs as lines with tabs.
struct TextTable: Equatable {
    let columns: [String]
    var rows: [[String]] = []

    init(_ columns: String...) { self.columns = columns }

    mutating func add(_ cells: String...) { rows.append(cells) }

    /// Columns in line, with headings. What is too wide for the terminal wraps within its column; where the terminal is too
    /// narrow for that, each row becomes a block with a line for each column. Nothing is cut.
    func forTerminal(width: Int) -> String {
        let all = [columns] + rows.map { $0.map(\.printable) }
        let natural = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        let gaps = 2 * (columns.count - 1)
        guard let widths = fitted(natural, to: width - gaps) else { return blocks(all.dropFirst(), width: width) }
        return all.map { Self.lines($0, widths) }.joined()
    }

    /// One line a row, no headings, fields separated by tabs.
    var forPrograms: String { rows.map { $0.map(\.printable).joined(separator: "\t") + "\n" }.joined() }

    /// Takes from the widest column until all fit; nil when that would leave one too narrow to read.
    private func fitted(_ natural: [Int], to width: Int) -> [Int]? {
        let least = zip(natural, columns).map { min($0, max($1.count, 12)) }
        guard least.reduce(0, +) <= width else { return nil }
        var widths = natural
        while widths.reduce(0, +) > width {
            let widest = widths.indices.filter { widths[$0] > least[$0] }.max { widths[$0] < widths[$1] }
            guard let widest else { return nil }
            widths[widest] -= 1
        }
        return widths
    }

    /// One row, on as many lines as its tallest cell needs.
    private static func lines(_ row: [String], _ widths: [Int]) -> String {
        let cells = zip(row, widths).map { $0.filled(to: $1) }
        let height = cells.map(\.count).max() ?? 0
        return (0..<max(1, height)).map { line in
            let parts = zip(cells, widths).map { ($0.indices.contains(line) ? $0[line] : "").padded($1) }
            return parts.joined(separator: "  ").trimmedEnd + "\n"
        }.joined()
    }

    private func blocks(_ rows: ArraySlice<[String]>, width: Int) -> String {
        let heading = columns.map(\.count).max() ?? 0
        return rows.map { row in
            zip(columns, row).filter { !$1.isEmpty }.map { column, cell in
                Self.lines([column, cell], [heading, max(1, width - heading - 2)])
            }.joined()
        }.joined(separator: "\n")
    }
}

extension String {
    /// Escapes characters that move a terminal's cursor or hide text: texts from the bus may come from a package or a
    /// server. They are written `\xNN` or `\u{NNNN}`.
    var printable: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar.value {
            case 0..<0x20, 0x7F...0x9F:
                text += scalar.value < 0x10 ? "\\x0" : "\\x"
                text += String(scalar.value, radix: 16)
            case 0x200B...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF:
                text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    var trimmedEnd: Substring { lastIndex { $0 != " " }.map { self[...$0] } ?? "" }

    /// Lines of at most so many characters: broken between words, and within words that are longer.
    func filled(to width: Int) -> [String] {
        guard count > width, width > 0 else { return [self] }
        return wrapped(to: width).flatMap { line in
            stride(from: 0, to: max(1, line.count), by: width).map { String(line.dropFirst($0).prefix(width)) }
        }
    }
}
