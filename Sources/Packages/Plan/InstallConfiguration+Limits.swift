import Archive
import Configuration

extension InstallConfiguration {
    /// Why a package is refused by what it says of its payload, before that is decompressed; nil if it is not. The payload is
    /// counted too when it is unpacked.
    ///
    /// - Parameter listedFiles: lines of `md5sums`.
    public func refusal(of control: PackageControl, listedFiles: Int) -> String? {
        if control.installedSize > maxUnpackedSize {
            return
                "Installed-Size says that it unpacks to \(control.installedSize) bytes; the limit is \(maxUnpackedSize)"
        }
        return listedFiles > maxEntries ? "md5sums lists \(listedFiles) files; the limit is \(maxEntries)" : nil
    }
}

extension ArchiveLimits {
    /// The limits of a payload.
    public init(_ configuration: InstallConfiguration) {
        self.init()
        entries = configuration.maxEntries
        totalBytes = Int(clamping: configuration.maxUnpackedSize)
        fileBytes = totalBytes
        ratio = configuration.maxRatio
        allowsSetuid = configuration.allowSetuid
    }
}
