import JSON
import LwM2M
import LwM2MClient

// `JSON.Value` is what a dictionary literal of JSON holds.
private typealias ResourceValue = Value

/// The objects whose payloads are decoded. Payloads of others are printed as bytes.
private let definitions: [ObjectDefinition] = [.server, .device, .softwareManagement]

extension ObjectDefinition {
    static func known(_ id: UInt16) -> ObjectDefinition? { definitions.first { $0.id == id } }
}

extension JSON {
    /// The payload of a response: a value if the path is that of a single value, else objects by identifier.
    static func value(of response: Response, at path: Path) -> JSON {
        guard let number = response.contentFormat else {
            return .string(String(decoding: response.payload, as: UTF8.self))
        }
        if number == ContentFormat.link.rawValue { return .string(String(decoding: response.payload, as: UTF8.self)) }
        guard let definition = ObjectDefinition.known(path.object),
            let content = try? Codec.decode(response.payload, number, at: path, definition)
        else {
            return number == 0
                ? .string(String(decoding: response.payload, as: UTF8.self)) : .string(hex(response.payload))
        }
        let instances = content.instances
        guard path.instance != nil, let first = instances.first else {
            return .object(instances.map { .init("\($0.id ?? 0)", json(of: $0)) })
        }
        guard let resource = path.resource else { return json(of: first) }
        return first.resources[resource].map { json(of: $0, path.resourceInstance) } ?? .null
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
        case .opaque(let bytes): .string(hex(bytes))
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

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.reduce(into: "") { text, byte in
            let digits = String(byte, radix: 16)
            text += digits.count == 1 ? "0" + digits : digits
        }
    }
}

/// Parses hexadecimal digits; nil for anything else.
func bytes(ofHex text: String) -> [UInt8]? {
    guard text.utf8.count % 2 == 0 else { return nil }
    let digits = Array(text.utf8)
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
        let pair = String(decoding: digits[index...index + 1], as: UTF8.self)
        guard pair.utf8.allSatisfy({ $0 != 0x2b && $0 != 0x2d }), let byte = UInt8(pair, radix: 16) else { return nil }
        bytes.append(byte)
    }
    return bytes
}
