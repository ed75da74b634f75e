import Glibc
import JSON
import Linux

/// Where a command writes. Standard output for what was asked for, standard error for the rest.
final class Console {
    let isJSON: Bool
    /// Standard output is a terminal.
    let isTerminal: Bool
    let width: Int
    private let write: (Int32, String) -> Void
    private var hasBar = false

    /// The process's own.
    convenience init(json: Bool) {
        self.init(json: json, isTerminal: Terminal.isTerminal(1), width: Terminal.columns(1) ?? 80) {
            descriptor, text in
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count <= 0 {
                    if errno == EINTR { continue }
                    // Exit with a code of its own: a script must not take half an answer for a whole one.
                    if descriptor == 1 { exit(ExitCode.outputLost.rawValue) }
                    return
                }
                bytes = bytes.dropFirst(count)
            }
        }
    }

    init(json: Bool, isTerminal: Bool, width: Int = 80, write: @escaping (Int32, String) -> Void) {
        isJSON = json
        self.isTerminal = isTerminal
        self.width = width
        self.write = write
    }

    /// Lines of text as they are.
    func text(_ text: String) {
        clearBar()
        write(1, text)
    }

    /// A line for people, left out with `--json`.
    func line(_ text: String) {
        guard !isJSON else { return }
        self.text(text.printable + "\n")
    }

    /// A table as fits the output.
    func table(_ table: TextTable) {
        text(isTerminal ? table.forTerminal(width: width) : table.forPrograms)
    }

    func json(_ value: JSON) {
        clearBar()
        write(1, String(decoding: isTerminal ? value.writeIndented() : value.write() + [0x0A], as: UTF8.self))
    }

    /// Reports the failure of a command; with `--json` as a document on standard output.
    func failure(_ failure: Failure) {
        guard isJSON else {
            if !failure.text.isEmpty { complain(failure.text) }
            return
        }
        json([
            "error": [
                "code": .number(.init(Int64(failure.code.rawValue))), "name": .string(failure.code.name),
                "text": .string(failure.text),
            ]
        ])
    }

    /// To standard error.
    func complain(_ text: String) {
        clearBar()
        write(2, "gatekeel: \(text.split(separator: "\n").map { String($0).printable }.joined(separator: "\n"))\n")
    }

    /// A bar that is drawn over the one before; nothing unless on a terminal.
    func bar(percent: Int, _ text: String) {
        guard isTerminal, !isJSON else { return }
        let cells = 20
        let full = max(0, min(cells, percent * cells / 100))
        let drawn = "[\(String(repeating: "#", count: full))\(String(repeating: " ", count: cells - full))]"
        let number = String(repeating: " ", count: max(0, 3 - "\(percent)".count)) + "\(percent)%"
        write(1, "\r\(("\(drawn) \(number)  \(text.printable)").prefix(width - 1))\u{1B}[K")
        hasBar = true
    }

    private func clearBar() {
        guard hasBar else { return }
        hasBar = false
        write(1, "\r\u{1B}[K")
    }
}
