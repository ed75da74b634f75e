import Linux

/// Recognises shell lines that do nothing: the rest of a maintainer script without debhelper's sections.
///
/// It judges line by line and knows only the idioms of Debian's templates. Any other line is refused, so a mistake here can
/// only refuse too much.
struct ShellSkeleton {
    /// Whether the line is within `*)` of a case, where templates complain about an unknown argument.
    private var isInDefaultArm = false

    /// Why a line is refused; nil if it does nothing.
    mutating func refusal(of line: String) -> String? {
        if line.isEmpty || line.hasPrefix("#") { return nil }
        if Self.idle.contains(line) || Self.isSet(line) || Self.isFrame(line) { return nil }
        if line == "*)" {
            isInDefaultArm = true
            return nil
        }
        if line == ";;" || line == "esac" || line == "esac;" {
            isInDefaultArm = false
            return nil
        }
        if Self.isPattern(line) {
            isInDefaultArm = false
            return nil
        }
        if isInDefaultArm, Self.isComplaint(line) { return nil }
        return "'\(line.prefix(60))' is not a line that debhelper adds"
    }

    private static let idle: Set<String> = [
        "exit 0", "exit 0;", ":", "true", "fi", "else", "then", "case \"$1\" in", "case $1 in", "case \"${1}\" in",
        ". /usr/share/debconf/confmodule", "#DEBHELPER#",
    ]

    /// `set -e`, `set -eu`.
    private static func isSet(_ line: String) -> Bool {
        let words = line.split(separator: " ")
        return words.first == "set" && words.count > 1
            && words.dropFirst().allSatisfy { word in
                (word.hasPrefix("-") || word.hasPrefix("+")) && word.count > 1
                    && word.dropFirst().allSatisfy { "eux".contains($0) }
            }
    }

    /// `if [ "$1" = configure ] && [ -d /run ]; then`: a test has no effect as long as no command runs inside it.
    private static func isFrame(_ line: String) -> Bool {
        guard let condition = line.dropPrefix("if ") ?? line.dropPrefix("elif ") else { return false }
        guard !condition.holds("$("), !condition.contains("`"), let close = condition.lastIndex(of: "]") else {
            return false
        }
        let rest = condition[condition.index(after: close)...].filter { !$0.isWhitespace }
        guard rest == ";then" || rest == "" else { return false }
        // Between the tests there may be only `&&` or `||`.
        var tests = condition[...close][...]
        while let end = tests.firstIndex(of: "]") {
            guard tests.hasPrefix("[ "), !tests[..<end].contains(where: { ";|&<>(".contains($0) }) else { return false }
            tests = tests[tests.index(after: end)...].drop(while: \.isWhitespace)
            if tests.hasPrefix("&&") || tests.hasPrefix("||") { tests = tests.dropFirst(2).drop(while: \.isWhitespace) }
        }
        return tests.isEmpty
    }

    /// `abort-upgrade|abort-remove)`, optionally followed by `;;`.
    private static func isPattern(_ line: String) -> Bool {
        guard let close = line.firstIndex(of: ")") else { return false }
        let names = line[..<close].filter { !$0.isWhitespace && $0 != "\"" && $0 != "'" }
        let rest = line[line.index(after: close)...].filter { !$0.isWhitespace }
        return !names.isEmpty && (rest.isEmpty || rest == ";;")
            && names.allSatisfy { ($0.isASCII && $0.isLetter) || $0 == "-" || $0 == "|" || $0 == "*" }
    }

    /// `echo "postinst called with unknown argument \`$1'" >&2` and `exit 1`.
    private static func isComplaint(_ line: String) -> Bool {
        if line == "exit 1" || line == "exit 0" { return true }
        return line.hasPrefix("echo \"") && (line.hasSuffix("\" >&2") || line.hasSuffix("\" 1>&2"))
            && line.holds("called with") && !line.holds("$(") && !line.contains(";") && !line.contains("|")
    }
}
