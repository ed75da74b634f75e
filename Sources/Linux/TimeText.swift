import Glibc

/// Seconds since the epoch as text: `gmtime_r(3)` or `localtime_r(3)`, and `strftime(3)`.
///
/// - Parameter format: of `strftime(3)`. A result of more than 63 bytes becomes an empty text.
public func timeText(_ seconds: Int64, _ format: String, isLocal: Bool = false) -> String {
    var time = time_t(seconds)
    var parts = tm()
    if isLocal { localtime_r(&time, &parts) } else { gmtime_r(&time, &parts) }
    var text = [CChar](repeating: 0, count: 64)
    let length = strftime(&text, text.count, format, &parts)
    return String(decoding: text.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
