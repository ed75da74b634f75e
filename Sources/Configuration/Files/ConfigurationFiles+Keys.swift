import Linux

extension ConfigurationFiles {
    /// The keys in the key files that the configuration names, whatever their owners and modes: so that they can be
    /// recognised and removed where they must not stand. Files that cannot be read are left out.
    public func configuredKeys() -> [Secret] {
        let paths = snapshot().documents().flatMap(\.sections).flatMap(\.entries)
            .filter { $0.key == ServerConfiguration.pskKeyFileKey.name }.map(\.value)
        return paths.compactMap { path in (try? Files.read(path, limit: 1024)).flatMap(KeyFile.decode) }
    }
}
