import Linux
import LwM2M
import State

/// The file of the accounts:
///
///     gatekeel-accounts 1
///     account NAME INSTANCE FINGERPRINT
///       KEY VALUE
///       attributes PATH NAME=VALUE…
///
/// Within a format, releases add keys. A line whose key is not known is kept, and written back where it stood: at the end
/// of its account, or of the file.
extension AccountState {
    private static let name = "gatekeel-accounts"
    /// The format that this release writes, and the newest that it reads.
    static let format = 1

    /// Lines for people and for `init(bytes:)`.
    var bytes: [UInt8] {
        var text = "\(Self.name) \(Self.format)\n"
        // Before the accounts: what is indented after one belongs to it.
        for line in others { text += "\(line)\n" }
        for entry in entries {
            text += "account \(Self.escaped(entry.name)) \(entry.instance) \(entry.fingerprint)\n"
            for line in entry.settings.lines { text += "  \(line)\n" }
            if entry.wasRegistered { text += "  registered 1\n" }
            if let time = entry.disabledUntil { text += "  disabled-until \(time)\n" }
            for (path, attributes) in entry.attributes.byPath.sorted(by: { $0.key < $1.key }) {
                let parameters = attributes.linkParameters.map { "\($0.name)=\($0.value ?? "")" }.joined(separator: " ")
                text += "  attributes \(path) \(parameters)\n"
            }
            for line in entry.others { text += "  \(line)\n" }
        }
        return Array(text.utf8)
    }

    /// The state that was written; nil for anything else.
    ///
    /// - Throws: for a format of a newer release, and for a number of a known key that this one cannot hold.
    init?(bytes: [UInt8]) throws(NewerFormat) {
        guard let lines = try StateLines.of(bytes, name: Self.name, format: Self.format) else { return nil }
        for line in lines {
            let words = line.split(separator: " ")
            if words.first == "account" {
                guard words.count == 4, let name = Self.unescaped(words[1]), let instance = UInt16(words[2]) else {
                    return nil
                }
                entries.append(
                    Entry(
                        name: name, instance: instance, fingerprint: String(words[3]), settings: ServerSettings()))
            } else if line.first == " ", !entries.isEmpty {
                guard entries[entries.count - 1].take(words) else {
                    // Larger than this release takes, but a number.
                    if words.count == 2, UInt64(words[1]) != nil { throw NewerFormat(words[0], value: words[1]) }
                    return nil
                }
            } else {
                others.append(String(line))
            }
        }
    }

    private static func escaped(_ name: String) -> String {
        var result = ""
        for byte in name.utf8 {
            let plain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            if plain || byte == 0x2D || byte == 0x2E || byte == 0x5F {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + byte.hexadecimal
            }
        }
        return result.isEmpty ? "%" : result
    }

    private static func unescaped(_ text: Substring) -> String? {
        if text == "%" { return "" }
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == 0x25 else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = [UInt8](hexadecimal: rest.prefix(2)) else { return nil }
            rest = rest.dropFirst(2)
            bytes += value
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension AccountState.Entry {
    /// Takes a line; false when its key is known and its value is none.
    fileprivate mutating func take(_ words: [Substring]) -> Bool {
        guard let key = words.first else { return true }
        if key == "attributes" {
            guard words.count >= 2, let path = Path(words[1]) else { return false }
            let parameters = words.dropFirst(2)
            // Attributes apply together: with one that is not known, the line waits for the release that knows it.
            guard parameters.allSatisfy({ Attributes.knows($0) }) else {
                others.append(words.joined(separator: " "))
                return true
            }
            return parameters.allSatisfy { attributes[path].take($0) }
        }
        if key == "registered" {
            guard words.count == 2, words[1] == "1" || words[1] == "0" else { return false }
            wasRegistered = words[1] == "1"
            return true
        }
        if key == "disabled-until" {
            guard words.count == 2, let time = Int64(words[1]) else { return false }
            disabledUntil = time
            return true
        }
        guard ServerSettings.keys.contains(String(key)) else {
            others.append(words.joined(separator: " "))
            return true
        }
        return words.count == 2 && settings.take(key, words[1])
    }
}

extension Attributes {
    fileprivate static func knows(_ word: Substring) -> Bool {
        let name = word.prefix { $0 != "=" }
        return ["pmin", "pmax", "gt", "lt", "st", "epmin", "epmax", "edge", "con", "hqmax"].contains(name)
    }

    fileprivate mutating func take(_ word: Substring) -> Bool {
        let parts = word.split(separator: "=")
        guard parts.count == 2, let number = Double(parts[1]) else { return false }
        switch parts[0] {
        case "pmin": minimumPeriod = UInt32(parts[1])
        case "pmax": maximumPeriod = UInt32(parts[1])
        case "gt": greaterThan = number
        case "lt": lessThan = number
        case "st": step = number
        case "epmin": minimumEvaluationPeriod = UInt32(parts[1])
        case "epmax": maximumEvaluationPeriod = UInt32(parts[1])
        case "edge": risingEdge = number != 0
        case "con": confirmable = number != 0
        case "hqmax": maximumHistoricalQueue = UInt32(parts[1])
        default: return false
        }
        return true
    }
}

extension ServerSettings {
    /// One line each, as they are stored and as the section's digest is made.
    var lines: [String] {
        var lines = ["lifetime \(lifetime)"]
        if let defaultMinimumPeriod { lines.append("pmin \(defaultMinimumPeriod)") }
        if let defaultMaximumPeriod { lines.append("pmax \(defaultMaximumPeriod)") }
        if let disableTimeout { lines.append("disable-timeout \(disableTimeout)") }
        lines.append("storing \(notificationStoring ? 1 : 0)")
        lines.append("binding \(binding)")
        // Without it as releases wrote it that had no queue mode.
        if queueMode { lines.append("queue-mode 1") }
        if let muteSend { lines.append("mute-send \(muteSend ? 1 : 0)") }
        if let registrationPriority { lines.append("registration-priority \(registrationPriority)") }
        if let initialRegistrationDelay { lines.append("registration-delay \(initialRegistrationDelay)") }
        if let registrationFailureBlock { lines.append("failure-block \(registrationFailureBlock ? 1 : 0)") }
        if let bootstrapOnRegistrationFailure {
            lines.append("bootstrap-on-failure \(bootstrapOnRegistrationFailure ? 1 : 0)")
        }
        if let communicationRetryCount { lines.append("retry-count \(communicationRetryCount)") }
        if let communicationRetryTimer { lines.append("retry-timer \(communicationRetryTimer)") }
        if let communicationSequenceDelay { lines.append("sequence-delay \(communicationSequenceDelay)") }
        if let communicationSequenceCount { lines.append("sequence-count \(communicationSequenceCount)") }
        if let preferredTransport { lines.append("preferred-transport \(preferredTransport)") }
        return lines
    }

    /// The keys that `take` knows.
    static let keys: Set = [
        "lifetime", "pmin", "pmax", "disable-timeout", "storing", "binding", "mute-send", "registration-priority",
        "registration-delay", "failure-block", "bootstrap-on-failure", "retry-count", "retry-timer", "sequence-delay",
        "sequence-count", "preferred-transport", "queue-mode",
    ]

    mutating func take(_ key: Substring, _ value: Substring) -> Bool {
        switch key {
        case "binding": binding = String(value)
        case "preferred-transport": preferredTransport = String(value)
        case "sequence-delay":
            guard let number = UInt64(value) else { return false }
            communicationSequenceDelay = number
        default: return UInt32(value).map { take(key, $0) } ?? false
        }
        return true
    }

    private mutating func take(_ key: Substring, _ number: UInt32) -> Bool {
        switch key {
        case "lifetime": lifetime = number
        case "pmin": defaultMinimumPeriod = number
        case "pmax": defaultMaximumPeriod = number
        case "disable-timeout": disableTimeout = number
        case "storing": notificationStoring = number != 0
        case "queue-mode": queueMode = number != 0
        case "mute-send": muteSend = number != 0
        case "registration-priority": registrationPriority = number
        case "registration-delay": initialRegistrationDelay = number
        case "failure-block": registrationFailureBlock = number != 0
        case "bootstrap-on-failure": bootstrapOnRegistrationFailure = number != 0
        case "retry-count": communicationRetryCount = number
        case "retry-timer": communicationRetryTimer = number
        case "sequence-count": communicationSequenceCount = number
        default: return false
        }
        return true
    }
}
