import LwM2M

/// The tables that payloads are decoded by.
enum FuzzObjects {
    /// Object 3 with all that it has, and beyond that a single and a multiple resource of each type: `100 + n` and `110 + n`.
    static let device: ObjectDefinition = {
        let base = ObjectDefinition.device
        let types = DataType.allCases.filter { $0 != .none }.enumerated()
        let others = types.flatMap { index, type in
            [
                ResourceDefinition(UInt16(100 + index), "Single", .readWrite, type),
                ResourceDefinition(UInt16(110 + index), "Multiple", .readWrite, type, multiple: true),
            ]
        }
        return ObjectDefinition(
            id: base.id, name: base.name, version: base.version, multiple: true, mandatory: true,
            resources: base.resources + others)
    }()

    /// The single resources of each type.
    static let singles = device.resources.filter { $0.name == "Single" }.map(\.id)
    /// The multiple ones.
    static let multiples = device.resources.filter { $0.name == "Multiple" }.map(\.id)

    /// The objects that composite payloads may name.
    static func definition(_ id: UInt16) -> ObjectDefinition? { id == 3 ? device : id == 1 ? .server : nil }

    /// Of each level, and of a type that each format writes in its own way.
    static let paths =
        [Path(3), Path(3, 0), Path(3, 0, 6), Path(3, 0, 6, 1), Path(3, 0, 13), Path(3, 0, 999)]
        + [Path(3, 0, 103), Path(3, 0, 105), Path(3, 0, 107), Path(3, 0, 115), Path(3, 0, 115, 0)]
}
