import Glibc
import Linux

/// The hardware's serial number: of DMI (root may read it) or of the device tree.
enum HardwareSerial {
    static let files = ["/sys/class/dmi/id/product_serial", "/sys/firmware/devicetree/base/serial-number"]

    /// Empty when there is none.
    static func read(_ files: [String] = files) -> String {
        for file in files {
            guard let bytes = try? Files.read(file, limit: 4096) else { continue }
            let serial = clean(bytes)
            if !serial.isEmpty { return serial }
        }
        return ""
    }

    /// Printable and trimmed; empty for a vendor's placeholder.
    static func clean(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix { $0 != 0 }.filter { (0x20...0x7E).contains($0) }, as: UTF8.self)
        var trimmed = Substring(text)
        while trimmed.first == " " { trimmed.removeFirst() }
        while trimmed.last == " " { trimmed.removeLast() }
        return DMIText.meaningful(String(trimmed)) ?? ""
    }
}
