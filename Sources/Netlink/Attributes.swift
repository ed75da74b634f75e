import Glibc
import Linux

/// The attributes of a netlink message (`struct nlattr`): a kind and a value each.
struct Attributes: Hashable, Sendable {
    private struct Attribute: Hashable, Sendable {
        let kind: UInt16
        let value: ArraySlice<UInt8>
    }

    /// `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER` are no part of the kind.
    private static let kindMask: UInt16 = 0x3FFF

    private var all: [Attribute] = []

    /// - Throws: `EBADMSG` for a length that is shorter than the attribute's header or reaches beyond the end. Fewer than 4
    ///   bytes at the end are padding.
    init(_ bytes: ArraySlice<UInt8>) throws(Errno) {
        var rest = bytes
        while let length = rest.number(at: 0, as: UInt16.self),
            let kind = rest.dropFirst(2).number(at: 0, as: UInt16.self)
        {
            guard length >= 4, Int(length) <= rest.count else { throw Errno(EBADMSG, "read a netlink attribute") }
            all.append(Attribute(kind: kind & Self.kindMask, value: rest.prefix(Int(length)).dropFirst(4)))
            rest = rest.dropFirst(Int(length).padded)
        }
    }

    /// The value of the first attribute of a kind.
    subscript(_ kind: UInt16) -> ArraySlice<UInt8>? { all.first { $0.kind == kind }?.value }

    /// All values, in order: of lists, where the kind is a place in the list.
    var values: [ArraySlice<UInt8>] { all.map(\.value) }

    /// The values of all attributes of a kind: of what comes more than once.
    func values(of kind: UInt16) -> [ArraySlice<UInt8>] { all.filter { $0.kind == kind }.map(\.value) }

    /// nil when there is none, or one of another size.
    func number<Number: FixedWidthInteger & BitwiseCopyable>(_ kind: UInt16, as type: Number.Type) -> Number? {
        guard let value = self[kind], value.count == MemoryLayout<Number>.size else { return nil }
        return value.number(at: 0, as: type)
    }

    /// A text that ends with a NUL; what is not UTF-8 in it is replaced.
    func text(_ kind: UInt16) -> String? { self[kind].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) } }

    /// The attributes within one; nil when it is not there.
    func nested(_ kind: UInt16) throws(Errno) -> Attributes? {
        guard let value = self[kind] else { return nil }
        return try Attributes(value)
    }

    /// The bytes of one attribute, with padding.
    static func bytes(_ kind: UInt16, _ value: some Collection<UInt8>) -> [UInt8] {
        let length = 4 + value.count
        return UInt16(length).bytes + kind.bytes + Array(value) + [UInt8](repeating: 0, count: length.padded - length)
    }
}
