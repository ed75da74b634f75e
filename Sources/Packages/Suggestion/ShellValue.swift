/// A text that a script computes, and how much of it is known without running anything.
struct ShellValue: Hashable, Sendable {
    /// Ordered: what is made of several values is as certain as the least certain of them.
    enum Certainty: Int, Comparable, Sendable {
        /// The script says so.
        case known
        /// A default of debconf stands for the answer.
        case assumed
        /// Read from the host by a command that changes nothing: `$(getent passwd foo)`. The text is not known.
        case read
        /// The text is not known.
        case opaque

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    var text: String
    var certainty: Certainty
    /// It has a `*`, `?` or `[` that is not quoted.
    var isPattern = false

    init(_ text: String, _ certainty: Certainty = .known, isPattern: Bool = false) {
        self.text = text
        self.certainty = certainty
        self.isPattern = isPattern
    }

    /// The text where it can be relied upon.
    var known: String? { certainty <= .assumed ? text : nil }
}

/// Whether a command of a condition succeeds.
enum ShellStatus: Hashable, Sendable {
    case certain(Bool)
    /// It depends on the host: what it is where the package has not been before.
    case assumed(Bool)
    case opaque

    static prefix func ! (status: Self) -> Self {
        switch status {
        case .certain(let value): .certain(!value)
        case .assumed(let value): .assumed(!value)
        case .opaque: .opaque
        }
    }

    /// Both succeed.
    static func && (left: Self, right: Self) -> Self {
        switch (left, right) {
        case (.certain(false), _), (_, .certain(false)): .certain(false)
        case (.certain(true), let other), (let other, .certain(true)): other
        case (.assumed(false), _), (_, .assumed(false)): .assumed(false)
        case (.assumed(let first), .assumed(let second)): .assumed(first && second)
        default: .opaque
        }
    }

    /// One of both succeeds.
    static func || (left: Self, right: Self) -> Self { !(!left && !right) }
}

/// Shell patterns: `*`, `?` and `[…]`.
enum ShellPattern {
    /// - Parameter path: whether `*` and `?` stop at a `/`.
    static func matches(_ pattern: String, _ text: String, path: Bool = false) -> Bool {
        matches(Array(pattern.utf8)[...], Array(text.utf8)[...], path)
    }

    /// Backtracks to the last `*` only, so the time is bounded by the product of the lengths.
    private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>, _ path: Bool) -> Bool {
        var (p, t) = (pattern.startIndex, text.startIndex)
        var star: (p: Int, t: Int)?
        while t < text.endIndex {
            if p < pattern.endIndex, pattern[p] == 0x2A {
                star = (p, t)
                p += 1
                continue
            }
            if p < pattern.endIndex, let next = step(pattern, p, text[t], path) {
                p = next
                t += 1
                continue
            }
            guard let last = star, !path || text[last.t] != 0x2F else { return false }
            star = (last.p, last.t + 1)
            p = last.p + 1
            t = last.t + 1
        }
        return pattern[p...].allSatisfy { $0 == 0x2A }
    }

    /// The place after the pattern's character at `p`, if it stands for this one.
    private static func step(_ pattern: ArraySlice<UInt8>, _ p: Int, _ byte: UInt8, _ path: Bool) -> Int? {
        if path, byte == 0x2F { return pattern[p] == 0x2F ? p + 1 : nil }
        if pattern[p] == 0x3F { return p + 1 }
        guard pattern[p] == 0x5B, let close = pattern[(p + 1)...].dropFirst().firstIndex(of: 0x5D) else {
            return pattern[p] == byte ? p + 1 : nil
        }
        var set = pattern[(p + 1)..<close]
        let isNegated = set.first == 0x21 || set.first == 0x5E
        if isNegated { set = set.dropFirst() }
        var found = false
        while let low = set.popFirst() {
            if set.first == 0x2D, set.count > 1, let high = set.dropFirst().first {
                set = set.dropFirst(2)
                if low <= byte, byte <= high { found = true }
            } else if low == byte {
                found = true
            }
        }
        return found != isNegated ? close + 1 : nil
    }
}
