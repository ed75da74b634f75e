/// A number of a SenML record, in the precision of the format.
enum SenMLNumber: Hashable {
    case signed(Int64)
    case unsigned(UInt64)
    case float(Double)

    var int64: Int64? {
        switch self {
        case .signed(let number): number
        case .unsigned(let number): Int64(exactly: number)
        case .float(let number): Int64(exactly: number)
        }
    }

    var uint64: UInt64? {
        switch self {
        case .signed(let number): UInt64(exactly: number)
        case .unsigned(let number): number
        case .float(let number): UInt64(exactly: number)
        }
    }

    /// The number as a Double; nil if it is not finite.
    var double: Double? {
        switch self {
        case .signed(let number): Double(number)
        case .unsigned(let number): Double(number)
        case .float(let number): number.isFinite ? number : nil
        }
    }

    /// The number as a value of a numeric type; nil for other types, for a fraction if the type is an integer, and for a number
    /// that does not fit.
    func value(_ type: DataType) -> Value? {
        switch type {
        case .integer: int64.map(Value.integer)
        case .unsignedInteger: uint64.map(Value.unsignedInteger)
        case .time: int64.map(Value.time)
        case .float: double.map(Value.float)
        default: nil
        }
    }

    /// The sum with a base value. It is exact for integers.
    func adding(_ base: SenMLNumber) -> SenMLNumber? {
        if let left = int64, let right = base.int64 {
            let (sum, overflow) = left.addingReportingOverflow(right)
            if !overflow { return .signed(sum) }
        }
        guard let left = double, let right = base.double else { return nil }
        return .float(left + right)
    }
}

/// One SenML record (RFC 8428, section 4), before or after the base fields are applied.
struct SenMLRecord: Hashable {
    enum Value: Hashable {
        case number(SenMLNumber)
        case string(String)
        case boolean(Bool)
        case data([UInt8])
        case link(String)
        /// LwM2M JSON's `sv`: a string, or the base 64 of an opaque value.
        case encoded(String)
    }

    var baseName: String?
    var baseValue: SenMLNumber?
    /// Seconds; see `CompositeContent.Entry.time`.
    var baseTime: Double?
    var name: String?
    var value: Value?
    /// Seconds, which are added to the base time.
    var time: Double?
    /// The offset or the number of the record, for errors.
    var offset = 0

    /// Whether the record only sets base fields for the records that follow.
    var isBase: Bool { name == nil && time == nil && (baseName != nil || baseValue != nil || baseTime != nil) }
}

/// SenML's labels in both representations (RFC 8428, tables 2 and 4). `vlo` is defined by LwM2M.
enum SenMLLabel: String {
    case baseVersion = "bver"
    case baseName = "bn"
    case baseTime = "bt"
    case baseUnit = "bu"
    case baseValue = "bv"
    case baseSum = "bs"
    case name = "n"
    case unit = "u"
    case value = "v"
    case string = "vs"
    case boolean = "vb"
    case sum = "s"
    case time = "t"
    case updateTime = "ut"
    case data = "vd"
    case link = "vlo"

    /// The label for a number in CBOR. (`vlo` is a text in CBOR, too.)
    init?(cbor number: Int64) {
        switch number {
        case -1: self = .baseVersion
        case -2: self = .baseName
        case -3: self = .baseTime
        case -4: self = .baseUnit
        case -5: self = .baseValue
        case -6: self = .baseSum
        case 0: self = .name
        case 1: self = .unit
        case 2: self = .value
        case 3: self = .string
        case 4: self = .boolean
        case 5: self = .sum
        case 6: self = .time
        case 7: self = .updateTime
        case 8: self = .data
        default: return nil
        }
    }
}
