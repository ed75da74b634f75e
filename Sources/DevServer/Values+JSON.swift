import JSON
import Linux
import LwM2M
import LwM2MClient

// `JSON.Value` is what a dictionary literal of JSON holds.
private typealias ResourceValue = Value

extension JSON {
    /// The payload of a response: a value if the path is that of a single value, else objects by identifier.
    ///
    /// - Parameter definition: of the path's object; nil: its payload is printed as bytes.
    static func value(of response: Response, at path: Path, _ definition: ObjectDefinition?) -> JSON {
        guard let number = response.contentFormat else {
            return .string(String(decoding: response.payload, as: UTF8.self))
        }
        if number == ContentFormat.link.rawValue { return .string(String(decoding: response.payload, as: UTF8.self)) }
        guard let definition,
            let content = try? Codec.decode(response.payload, number, at: path, definition)
        else {
            return number == 0
                ? .string(String(decoding: response.payload, as: UTF8.self)) : .string(response.payload.hexadecimal)
        }
        let instances = content.instances
        guard path.instance != nil, let first = instances.first else {
            return .object(instances.map { .init("\($0.id ?? 0)", json(of: $0)) })
        }
        guard let resource = path.resource else { return json(of: first) }
        return first.resources[resource].map { json(of: $0, path.resourceInstance) } ?? .null
    }

    /// The payload of a response of several paths: the values by their paths. Those without a known table are null.
    static func values(of response: Response, _ known: @escaping (UInt16) -> ObjectDefinition?) -> JSON {
        guard let format = response.contentFormat.map(ContentFormat.init(rawValue:)),
            let decoded = try? Codec.decodeComposite(response.payload, format, known)
        else { return .string(response.payload.hexadecimal) }
        return .object(
            decoded.content.entries.map { .init($0.path.description, json(of: $0.value)) }
                + decoded.unknown.map { .init($0.description, .null) })
    }

    /// A value with its path and its time, in seconds since 1970.
    static func entry(_ entry: CompositeContent.Entry) -> JSON {
        .object([
            .init("path", .string(entry.path.description)), .init("value", json(of: entry.value)),
            .init("time", entry.time.flatMap(Number.init).map { .number($0) } ?? .null),
        ])
    }

    private static func json(of instance: InstanceContent) -> JSON {
        .object(instance.resources.sorted { $0.key < $1.key }.map { .init("\($0.key)", json(of: $0.value, nil)) })
    }

    private static func json(of content: ResourceContent, _ instance: UInt16?) -> JSON {
        switch content {
        case .single(let value): json(of: value)
        case .multiple(let values):
            if let instance {
                values[instance].map { json(of: $0) } ?? .null
            } else {
                .object(values.sorted { $0.key < $1.key }.map { .init("\($0.key)", json(of: $0.value)) })
            }
        }
    }

    private static func json(of value: ResourceValue) -> JSON {
        switch value {
        case .string(let text), .coreLink(let text): .string(text)
        case .integer(let number), .time(let number): .number(.init(number))
        case .unsignedInteger(let number): .number(.init(number))
        case .float(let number): Number(number).map { .number($0) } ?? .null
        case .boolean(let flag): .bool(flag)
        case .opaque(let bytes): .string(bytes.hexadecimal)
        case .objectLink(let link): .string(link.description)
        }
    }

    /// The text that is compared with a command's VALUE.
    var plain: String {
        switch self {
        case .string(let text): text
        case .bool(let flag): flag ? "1" : "0"
        default: String(decoding: write(), as: UTF8.self)
        }
    }
}
