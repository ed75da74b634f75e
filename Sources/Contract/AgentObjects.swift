import Bus

/// An object that the agent serves.
public struct AgentObject: DictionaryValue {
    public var id: Int
    public var name: String
    public var version: String
    public var instances: [Int]

    public init(id: Int, name: String, version: String, instances: [Int]) {
        self.id = id
        self.name = name
        self.version = version
        self.instances = instances
    }

    public init?(properties: [String: BusValue]) {
        guard let id = properties["id"]?.integer else { return nil }
        self.init(
            id: id, name: properties.text("name"), version: properties.text("version"),
            instances: (properties["instances"]?.elements ?? []).compactMap(\.integer))
    }

    public var properties: [String: BusValue] {
        [
            "id": .uint32(UInt32(clamping: id)), "name": .text(name), "version": .text(version),
            "instances": .array(of: "u", instances.map { .uint32(UInt32(clamping: $0)) }),
        ]
    }
}

/// One value of the result of `Agent1.Read`.
public struct AgentValue: DictionaryValue {
    /// `/3/0/9`, `/3/0/11/0`.
    public var path: String
    /// The resource's name.
    public var name: String
    /// `string`, `integer`, `unsigned`, `float`, `boolean`, `opaque`, `time`, `objlnk`, `corelnk`.
    public var type: String
    /// Unit of measure; empty for none.
    public var unit: String
    /// `s`, `x`, `t`, `d`, `b` or `ay`.
    public var value: BusValue

    public init(path: String, name: String, type: String, unit: String = "", value: BusValue) {
        self.path = path
        self.name = name
        self.type = type
        self.unit = unit
        self.value = value
    }

    public init?(properties: [String: BusValue]) {
        guard let path = properties["path"]?.text, let value = properties["value"] else { return nil }
        self.init(
            path: path, name: properties.text("name"), type: properties.text("type"), unit: properties.text("unit"),
            value: value)
    }

    public var properties: [String: BusValue] {
        [
            "path": .text(path), "name": .text(name), "type": .text(type), "unit": .text(unit),
            "value": value.withoutZeros,
        ]
    }
}
