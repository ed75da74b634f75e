/// A path of the LwM2M data model: object, instance, resource, resource instance (LwM2M Core 7.3).
public struct Path: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let object: UInt16
    public let instance: UInt16?
    public let resource: UInt16?
    public let resourceInstance: UInt16?

    public init(_ object: UInt16) {
        self.init(object, nil, nil, nil)
    }

    public init(_ object: UInt16, _ instance: UInt16) {
        self.init(object, instance, nil, nil)
    }

    public init(_ object: UInt16, _ instance: UInt16, _ resource: UInt16) {
        self.init(object, instance, resource, nil)
    }

    public init(_ object: UInt16, _ instance: UInt16, _ resource: UInt16, _ resourceInstance: UInt16) {
        self.init(object, instance, resource, Optional(resourceInstance))
    }

    private init(_ object: UInt16, _ instance: UInt16?, _ resource: UInt16?, _ resourceInstance: UInt16?) {
        self.object = object
        self.instance = instance
        self.resource = resource
        self.resourceInstance = resourceInstance
    }

    /// Makes a path from 1 to 4 identifiers; returns nil for another count or if one is 65535, which is reserved.
    public init?(identifiers: [UInt16]) {
        guard (1...4).contains(identifiers.count), !identifiers.contains(UInt16.max) else { return nil }
        func at(_ index: Int) -> UInt16? { index < identifiers.count ? identifiers[index] : nil }
        self.init(identifiers[0], at(1), at(2), at(3))
    }

    /// Parses `/3/0/9`; returns nil for anything else, like signs, leading zeros, empty segments, or numbers above 65534.
    public init?(_ text: some StringProtocol) {
        guard text.first == "/" else { return nil }
        var identifiers: [UInt16] = []
        for segment in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let identifier = Path.identifier(segment) else { return nil }
            identifiers.append(identifier)
        }
        self.init(identifiers: identifiers)
    }

    /// Parses one segment of a path: decimal digits without leading zero, 0 to 65534.
    public static func identifier(_ segment: some StringProtocol) -> UInt16? {
        guard !segment.isEmpty, segment.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            segment == "0" || segment.first != "0", let value = UInt16(segment), value != .max
        else { return nil }
        return value
    }

    /// The identifiers that are set, 1 to 4.
    public var identifiers: [UInt16] { [object, instance, resource, resourceInstance].compactMap { $0 } }

    /// Whether `other` is this path or below it.
    public func contains(_ other: Path) -> Bool {
        object == other.object && (instance == nil || instance == other.instance)
            && (resource == nil || resource == other.resource)
            && (resourceInstance == nil || resourceInstance == other.resourceInstance)
    }

    public static func < (left: Path, right: Path) -> Bool {
        left.identifiers.lexicographicallyPrecedes(right.identifiers)
    }

    public var description: String { identifiers.map { "/\($0)" }.joined() }
}
