import LwM2M
import Linux
import State

/// The file of what is kept for one server:
///
///     gatekeel-notifications 1
///     server IDENTITY
///     boot IDENTIFIER
///     until UPTIME TIME
///     observe METHOD TOKEN ACCEPT FORMAT EXPONENT PAYLOAD
///       segment TEXT
///       query TEXT
///       part PATH
///     record OBSERVATION UPTIME TIME
///       content PART
///         PATH TYPE VALUE
///
/// Texts and bytes are hexadecimal with a dot before them; times are milliseconds; what is absent is `-`. A release that does not know a line drops all:
/// the server is told the present values then.
extension KeptNotifications {
    private static let name = "gatekeel-notifications"
    private static let format = 1

    var bytes: [UInt8] {
        var text = "\(Self.name) \(Self.format)\n"
        text += "server \(Self.hex(server.utf8))\nboot \(Self.hex(boot.utf8))\nuntil \(until.text)\n"
        for observation in observations {
            let request = observation.request
            text +=
                "observe \(request.method.rawValue) \(Self.hex(request.token)) \(Self.optional(request.accept)) "
                + "\(Self.optional(request.contentFormat)) \(Self.optional(request.blockExponent)) \(Self.hex(request.payload))\n"
            for segment in request.path { text += "  segment \(Self.hex(segment.utf8))\n" }
            for query in request.query { text += "  query \(Self.hex(query.utf8))\n" }
            for path in observation.paths { text += "  part \(path)\n" }
        }
        for record in records {
            text += "record \(record.observation) \(record.moment.text)\n"
            for (index, content) in record.contents.enumerated() {
                guard observations.indices.contains(record.observation),
                    index < observations[record.observation].paths.count,
                    // An object's instances have identifiers, and so their values have paths.
                    let entries = try? content.entries(at: observations[record.observation].paths[index])
                else { continue }
                text += "  content \(index)\n"
                for entry in entries { text += "    \(entry.path) \(Self.words(entry.value))\n" }
            }
        }
        return Array(text.utf8)
    }

    /// What was written; nil for anything else.
    ///
    /// - Throws: for a format of a newer release.
    init?(bytes: [UInt8]) throws(NewerFormat) {
        guard let lines = try StateLines.of(bytes, name: Self.name, format: Self.format) else { return nil }
        var content: (part: Int, entries: [CompositeContent.Entry])?
        for line in lines {
            let words = line.split(separator: " ")
            if line.hasPrefix("    ") {
                guard content != nil, words.count == 3, let path = Path(words[0]),
                    let value = Self.value(words[1], words[2])
                else { return nil }
                content?.entries.append(CompositeContent.Entry(path, value))
                continue
            }
            guard close(&content), take(words, &content) else { return nil }
        }
        guard close(&content) else { return nil }
    }

    private mutating func take(
        _ words: [Substring], _ content: inout (part: Int, entries: [CompositeContent.Entry])?
    ) -> Bool {
        switch (words.first, words.count) {
        case ("server", 2):
            guard let text = Self.text(words[1]) else { return false }
            server = text
        case ("boot", 2):
            guard let text = Self.text(words[1]) else { return false }
            boot = text
        case ("until", 3):
            guard let moment = Moment(words[1], words[2]) else { return false }
            until = moment
        case ("observe", 7):
            guard let request = Self.request(words) else { return false }
            observations.append(Observation(request: request, paths: []))
        case ("segment", 2):
            guard !observations.isEmpty, let text = Self.text(words[1]) else { return false }
            observations[observations.count - 1].request.path.append(text)
        case ("query", 2):
            guard !observations.isEmpty, let text = Self.text(words[1]) else { return false }
            observations[observations.count - 1].request.query.append(text)
        case ("part", 2):
            guard !observations.isEmpty, let path = Path(words[1]) else { return false }
            observations[observations.count - 1].paths.append(path)
        case ("record", 4):
            guard let index = Int(words[1]), observations.indices.contains(index),
                let moment = Moment(words[2], words[3])
            else { return false }
            records.append(Record(observation: index, moment: moment, contents: []))
        case ("content", 2):
            guard let last = records.last, let part = Int(words[1]), part == last.contents.count,
                part < observations[last.observation].paths.count
            else { return false }
            content = (part, [])
        default: return false
        }
        return true
    }

    /// Adds the content whose values have been read to the last record.
    private mutating func close(_ content: inout (part: Int, entries: [CompositeContent.Entry])?) -> Bool {
        guard let (part, entries) = content else { return true }
        content = nil
        let record = records.count - 1
        guard let made = PathContent(entries, at: observations[records[record].observation].paths[part]) else {
            return false
        }
        records[record].contents.append(made)
        return true
    }

    // MARK: Words

    private static func request(_ words: [Substring]) -> Request? {
        guard let method = UInt8(words[1]), let token = Self.bytes(words[2]), token.count <= 8,
            let payload = Self.bytes(words[6])
        else { return nil }
        var request = Request(Code(rawValue: method), path: [], observe: 0, token: token, payload: payload)
        if words[3] != "-" {
            guard let accept = UInt16(words[3]) else { return nil }
            request.accept = accept
        }
        if words[4] != "-" {
            guard let format = UInt16(words[4]) else { return nil }
            request.contentFormat = format
        }
        if words[5] != "-" {
            guard let exponent = UInt8(words[5]), exponent < 7 else { return nil }
            request.blockExponent = exponent
        }
        return request
    }

    private static func optional(_ number: (some BinaryInteger)?) -> String { number.map { "\($0)" } ?? "-" }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String { "." + bytes.hexadecimal }

    private static func bytes(_ word: Substring) -> [UInt8]? {
        word.first == "." ? [UInt8](hexadecimal: word.dropFirst().utf8) : nil
    }

    private static func text(_ word: Substring) -> String? {
        bytes(word).flatMap { String(validating: $0, as: UTF8.self) }
    }

    private static func words(_ value: Value) -> String {
        let word =
            switch value {
            case .string(let text), .coreLink(let text): hex(text.utf8)
            case .opaque(let bytes): hex(bytes)
            case .integer(let number), .time(let number): "\(number)"
            case .unsignedInteger(let number): "\(number)"
            case .float(let number): "\(number.bitPattern)"
            case .boolean(let flag): flag ? "1" : "0"
            case .objectLink(let link): "\(UInt32(link.object) << 16 | UInt32(link.instance))"
            }
        return "\(value.type.rawValue) \(word)"
    }

    private static func value(_ type: Substring, _ word: Substring) -> Value? {
        switch DataType(rawValue: String(type)) {
        case .string: text(word).map { .string($0) }
        case .coreLink: text(word).map { .coreLink($0) }
        case .opaque: bytes(word).map { .opaque($0) }
        case .integer: Int64(word).map { .integer($0) }
        case .time: Int64(word).map { .time($0) }
        case .unsignedInteger: UInt64(word).map { .unsignedInteger($0) }
        case .float: UInt64(word).map { .float(Double(bitPattern: $0)) }
        case .boolean: word == "1" ? .boolean(true) : word == "0" ? .boolean(false) : nil
        case .objectLink:
            UInt32(word).map { .objectLink(ObjectLink(UInt16($0 >> 16), UInt16(truncatingIfNeeded: $0))) }
        case .some(.none), nil: nil
        }
    }
}

extension KeptNotifications.Moment {
    fileprivate var text: String { "\(uptime.map { "\($0.milliseconds)" } ?? "-") \(time.milliseconds)" }

    fileprivate init?(_ uptime: Substring, _ time: Substring) {
        guard let time = Int64(time) else { return nil }
        self.init(uptime: nil, time: .milliseconds(time))
        guard uptime != "-" else { return }
        guard let uptime = Int64(uptime) else { return nil }
        self.uptime = .milliseconds(uptime)
    }
}

extension PathContent {
    /// The content of a path of which these are the values; nil if they are not of one path, or one occurs twice.
    init?(_ entries: [CompositeContent.Entry], at path: Path) {
        if entries.count == 1, entries[0].path == path {
            self = .value(entries[0].value)
            return
        }
        var instances: [InstanceContent] = []
        for entry in entries {
            guard path.contains(entry.path), let instance = entry.path.instance, let resource = entry.path.resource
            else {
                return nil
            }
            if instances.last?.id != instance { instances.append(InstanceContent(instance, [:])) }
            let last = instances.count - 1
            switch (instances[last].resources[resource], entry.path.resourceInstance) {
            case (nil, nil): instances[last].resources[resource] = .single(entry.value)
            case (nil, let id?): instances[last].resources[resource] = .multiple([id: entry.value])
            case (.multiple(var values), let id?):
                guard values.updateValue(entry.value, forKey: id) == nil else { return nil }
                instances[last].resources[resource] = .multiple(values)
            default: return nil
            }
        }
        self = .instances(instances)
    }
}
