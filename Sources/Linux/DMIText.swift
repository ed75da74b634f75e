/// Text of the firmware's tables (DMI, `/sys/class/dmi/id`), which many vendors never filled in.
public enum DMIText {
    /// The text; nil when it is one of the placeholders that vendors leave in, or consists of zeros, dots and hyphens.
    public static func meaningful(_ text: String) -> String? {
        guard !placeholders.contains(text.lowercased()), text.contains(where: { $0 != "0" && $0 != "." && $0 != "-" })
        else { return nil }
        return text
    }

    private static let placeholders: Set<String> = [
        "to be filled by o.e.m.", "to be filled by oem", "default string", "system manufacturer", "system product name",
        "system version", "system serial number", "not specified", "not applicable", "not available", "none", "n/a",
        "na", "unknown", "undefined", "invalid", "o.e.m.", "oem", "empty", "0123456789", "123456789", "1234567890",
        "xxxxxxxx",
    ]
}
