import Linux

extension Store {
    /// Whether what a deployment changes can be changed at all: the store and `/etc`.
    ///
    /// - Throws: `.failed`, with the folder that is read-only.
    func requireWritable() throws {
        for folder in [root, "\(paths.root)/etc"] where try Files.exists(folder) && Files.isReadOnly(folder) {
            throw DeploymentError(
                .failed,
                "the file system of \(folder) is mounted read-only, so nothing was done; look for the reason with 'dmesg' and 'findmnt -T \(folder)', and remount it"
            )
        }
    }
}
