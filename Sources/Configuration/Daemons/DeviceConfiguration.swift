/// `[Device]`: what the administrator says about the gateway; nil is left to the host.
public struct DeviceConfiguration: Hashable, Sendable {
    public var manufacturer: String?
    public var modelNumber: String?
    public var serialNumber: String?
    public var deviceType: String?
    public var hardwareVersion: String?
    public var storagePath: String

    init(_ section: SectionSettings) {
        manufacturer = section[Self.manufacturerKey]
        modelNumber = section[Self.modelNumberKey]
        serialNumber = section[Self.serialNumberKey]
        deviceType = section[Self.deviceTypeKey]
        hardwareVersion = section[Self.hardwareVersionKey]
        storagePath = section[Self.storagePathKey]
    }

    static let manufacturerKey = Key<String?>("Manufacturer", .string(maxBytes: 255), "The manufacturer (3/0/0).")
    static let modelNumberKey = Key<String?>("ModelNumber", .string(maxBytes: 255), "The model (3/0/1).")
    static let serialNumberKey = Key<String?>("SerialNumber", .string(maxBytes: 255), "The serial number (3/0/2).")
    static let deviceTypeKey = Key<String?>(
        "DeviceType", .string(maxBytes: 255), "The kind of device in your own words (3/0/17).")
    static let hardwareVersionKey = Key<String?>(
        "HardwareVersion", .string(maxBytes: 255), "The version of the hardware (3/0/18).")
    static let storagePathKey = Key(
        "StoragePath", .path, default: "/var",
        "The file system whose free and total space the server sees (3/0/10 and 3/0/21).")

    static let keys = [
        manufacturerKey.declaration, modelNumberKey.declaration, serialNumberKey.declaration,
        deviceTypeKey.declaration, hardwareVersionKey.declaration, storagePathKey.declaration,
    ]
}
