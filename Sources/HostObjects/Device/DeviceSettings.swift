/// What the administrator says about the device; nil is left to the host.
public struct DeviceSettings: Hashable, Sendable {
    /// Manufacturer (0).
    public var manufacturer: String?
    /// Model Number (1).
    public var modelNumber: String?
    /// Serial Number (2).
    public var serialNumber: String?
    /// Device Type (17).
    public var deviceType: String?
    /// Hardware Version (18).
    public var hardwareVersion: String?
    /// The file system whose space is Memory Free (10) and Memory Total (21).
    public var storagePath: String

    public init(
        manufacturer: String? = nil, modelNumber: String? = nil, serialNumber: String? = nil, deviceType: String? = nil,
        hardwareVersion: String? = nil, storagePath: String = "/var"
    ) {
        self.manufacturer = manufacturer
        self.modelNumber = modelNumber
        self.serialNumber = serialNumber
        self.deviceType = deviceType
        self.hardwareVersion = hardwareVersion
        self.storagePath = storagePath
    }
}
