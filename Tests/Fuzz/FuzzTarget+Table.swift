extension FuzzTarget {
    /// All targets, in the order in which they run.
    static let all: [FuzzTarget] = ofServers + ofPackages + ofTheHost + ofTheNetwork

    /// What LwM2M servers and file servers send.
    private static let ofServers: [FuzzTarget] = [
        .text, .opaque, .cbor, .tlv, .lwm2mJSON, .senMLJSON, .senMLCBOR, .lwm2mCBOR, .composite, .paths, .coap, .path,
        .attributes, .executeArguments, .linkFormat, .json, .contentRange,
    ]

    /// What is in packages.
    private static let ofPackages: [FuzzTarget] = [
        .ar, .tar, .gzip, .xz, .zstd, .control, .version, .manifest, .unitFile, .initScript, .lines, .busPolicy,
        .busActivation, .script,
    ]

    /// What administrators and programs of the host write.
    private static let ofTheHost: [FuzzTarget] = [.configuration, .values, .dBus, .fetchProtocol, .state]

    /// What the kernel tells of links, and neighbours of radios through it.
    private static let ofTheNetwork: [FuzzTarget] = [.rtnetlink, .genericNetlink, .beacon]
}
