import LwM2MClient

/// Option numbers (RFC 7252, 5.10; RFC 7641; RFC 7959; RFC 7967; RFC 9175).
enum OptionNumber {
    static let uriHost: UInt16 = 3
    static let eTag: UInt16 = 4
    static let observe: UInt16 = 6
    static let uriPort: UInt16 = 7
    static let locationPath: UInt16 = 8
    static let uriPath: UInt16 = 11
    static let contentFormat: UInt16 = 12
    static let maxAge: UInt16 = 14
    static let uriQuery: UInt16 = 15
    static let accept: UInt16 = 17
    static let block2: UInt16 = 23
    static let block1: UInt16 = 27
    static let size2: UInt16 = 28
    static let size1: UInt16 = 60
    static let noResponse: UInt16 = 258
    static let requestTag: UInt16 = 292
}

/// The options of one message, decoded; also what a message of ours is to carry.
///
/// What few messages have is kept apart: a message is copied several times on its way, and each reference in it costs.
struct Options: Hashable, Sendable {
    /// Messages with more options are refused; no request of LwM2M has a third as many.
    static let limit = 48

    var observe: UInt32?
    var path: [String] = []
    var contentFormat: UInt16?
    var maxAge: UInt32?
    var query: [String] = []
    var accept: UInt16?
    var block2: Block?
    var block1: Block?
    var size2: UInt32?
    var size1: UInt32?
    var noResponse: UInt8?
    /// A fault for which the answer is 4.00.
    var fault: Fault?
    /// At most one.
    private var seldom: [Seldom] = []

    private struct Seldom: Hashable {
        var eTag: [UInt8]?
        var locationPath: [String] = []
        var requestTag: [UInt8]?
        var unknownCritical: [UInt16] = []
    }

    enum Fault: String, Hashable, Sendable {
        case tooMany = "too many options"
        case text = "an option's text is no UTF-8"
        case block = "a block size that CoAP over UDP does not have"
    }

    init() {}

    var eTag: [UInt8]? {
        get { seldom.first?.eTag }
        set { change { $0.eTag = newValue } }
    }

    var locationPath: [String] {
        get { seldom.first?.locationPath ?? [] }
        set { change { $0.locationPath = newValue } }
    }

    var requestTag: [UInt8]? {
        get { seldom.first?.requestTag }
        set { change { $0.requestTag = newValue } }
    }

    /// Critical options that are unknown, or repeated where that is not allowed (RFC 7252, 5.4.5).
    var unknownCritical: [UInt16] {
        get { seldom.first?.unknownCritical ?? [] }
        set { change { $0.unknownCritical = newValue } }
    }

    private mutating func change(_ body: (inout Seldom) -> Void) {
        var changed = seldom.first ?? Seldom()
        body(&changed)
        seldom = changed == Seldom() ? [] : [changed]
    }
}

// MARK: Decoding

extension Options {
    /// Takes the next option of a received message.
    mutating func add(_ number: UInt16, _ value: UnsafeRawBufferPointer) {
        var known = true
        switch number {
        case OptionNumber.uriPath: if let text = Options.text(value, &fault) { Options.append(text, &path) }
        case OptionNumber.uriQuery: if let text = Options.text(value, &fault) { Options.append(text, &query) }
        case OptionNumber.locationPath: if let text = Options.text(value, &fault) { locationPath.append(text) }
        case OptionNumber.contentFormat: known = Options.set(&contentFormat, value)
        case OptionNumber.accept: known = Options.set(&accept, value)
        case OptionNumber.observe: known = Options.set(&observe, value)
        case OptionNumber.maxAge: known = Options.set(&maxAge, value)
        case OptionNumber.size1: known = Options.set(&size1, value)
        case OptionNumber.size2: known = Options.set(&size2, value)
        case OptionNumber.noResponse: known = Options.set(&noResponse, value)
        case OptionNumber.block1: known = Options.set(&block1, value, &fault)
        case OptionNumber.block2: known = Options.set(&block2, value, &fault)
        case OptionNumber.eTag: known = Options.set(&eTag, value, 1...8)
        case OptionNumber.requestTag: known = Options.set(&requestTag, value, 0...8)
        // This session has only one host name and port: ours.
        case OptionNumber.uriHost, OptionNumber.uriPort: break
        default: known = false
        }
        // Unknown elective options are ignored; critical ones are remembered.
        if !known && number & 1 != 0 { unknownCritical.append(number) }
    }

    private static func text(_ value: UnsafeRawBufferPointer, _ fault: inout Fault?) -> String? {
        // Nearly always ASCII, for which the costly generic validation is skipped.
        if value.allSatisfy({ $0 < 0x80 }) { return String(decoding: value, as: UTF8.self) }
        let text = String(validating: value, as: UTF8.self)
        if text == nil { fault = .text }
        return text
    }

    private static func append(_ text: String, _ list: inout [String]) {
        // Most paths have up to four segments.
        if list.isEmpty { list.reserveCapacity(4) }
        list.append(text)
    }

    // Each returns whether the option can be taken: not twice, not of another length.

    private static func set<Value: FixedWidthInteger & UnsignedInteger>(
        _ option: inout Value?, _ value: UnsafeRawBufferPointer
    ) -> Bool {
        guard option == nil, value.count <= Value.bitWidth / 8 else { return false }
        option = Value(truncatingIfNeeded: value.reduce(0 as UInt32) { $0 << 8 | UInt32($1) })
        return true
    }

    private static func set(_ option: inout Block?, _ value: UnsafeRawBufferPointer, _ fault: inout Fault?) -> Bool {
        guard option == nil, value.count <= 3 else { return false }
        option = Block(value: value.reduce(0) { $0 << 8 | UInt32($1) })
        if option == nil { fault = .block }
        return true
    }

    private static func set(
        _ option: inout [UInt8]?, _ value: UnsafeRawBufferPointer, _ length: ClosedRange<Int>
    ) -> Bool {
        guard option == nil, length.contains(value.count) else { return false }
        option = Array(value)
        return true
    }
}

// MARK: Encoding

extension Options {
    /// Gives every option that is set, in the ascending order that a message needs.
    func encode(_ emit: (UInt16, UnsafeRawBufferPointer) -> Void) {
        if let eTag { eTag.withUnsafeBytes { emit(OptionNumber.eTag, $0) } }
        Options.encode(OptionNumber.observe, observe, emit)
        for segment in locationPath { Options.encode(OptionNumber.locationPath, segment, emit) }
        for segment in path { Options.encode(OptionNumber.uriPath, segment, emit) }
        Options.encode(OptionNumber.contentFormat, contentFormat.map(UInt32.init), emit)
        Options.encode(OptionNumber.maxAge, maxAge, emit)
        for item in query { Options.encode(OptionNumber.uriQuery, item, emit) }
        Options.encode(OptionNumber.accept, accept.map(UInt32.init), emit)
        Options.encode(OptionNumber.block2, block2?.value, emit)
        Options.encode(OptionNumber.block1, block1?.value, emit)
        Options.encode(OptionNumber.size2, size2, emit)
        Options.encode(OptionNumber.size1, size1, emit)
        if let requestTag { requestTag.withUnsafeBytes { emit(OptionNumber.requestTag, $0) } }
    }

    private static func encode(_ number: UInt16, _ text: String, _ emit: (UInt16, UnsafeRawBufferPointer) -> Void) {
        var text = text
        text.withUTF8 { emit(number, UnsafeRawBufferPointer($0)) }
    }

    /// An unsigned integer in as few bytes as it needs, none for 0 (RFC 7252, 3.2).
    private static func encode(_ number: UInt16, _ value: UInt32?, _ emit: (UInt16, UnsafeRawBufferPointer) -> Void) {
        guard let value else { return }
        let skipped = value.leadingZeroBitCount / 8
        withUnsafeBytes(of: value.bigEndian) { emit(number, UnsafeRawBufferPointer(rebasing: $0[skipped...])) }
    }
}
