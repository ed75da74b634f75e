// swift-tools-version: 6.2
import PackageDescription

// Every target is built in Swift 6 language mode (complete strict concurrency) and a warning is an error.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .define("FAULT_POINTS", .when(traits: ["FaultPoints"])),
    // One firstRange(of:) or contains("text") would link in the engine of regular expressions, more than a megabyte;
    // without this import it does not compile. Linux has firstOccurrence(of:) and holds(_:) instead.
    .unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"]),
]

/// A library target of ours.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// A library target whose code runs once for each deployment, start or command: made small instead of fast.
func seldom(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies,
        swiftSettings: strict + [.unsafeFlags(["-Osize"], .when(configuration: .release))])
}

/// An executable whose main is thin: the code is in its library.
func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// Unit tests of one module.
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies,
        path: "Tests/\(name)Tests", exclude: [], swiftSettings: strict)
}

/// A system library of Debian's: module map and static inline shims, imported by exactly one module.
func system(_ name: String, _ pkgConfig: String? = nil, _ package: String? = nil) -> Target {
    .systemLibrary(
        name: name, path: "Sources/System/\(name)", pkgConfig: pkgConfig,
        providers: package.map { [.apt([$0])] })
}

/// The fuzzers of the parsers of outside bytes. Only `Tests/fuzz` builds them, which sets the variable: they are linked with
/// libFuzzer, and the modules below them are compiled so that it sees which branches an input takes.
let fuzzers: [Target] =
    Context.environment["GATEKEEL_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "gatekeel-fuzz",
            dependencies: [
                "Archive", "Bus", "CoAP", "Configuration", "Contract", "Fetch", "FetchProtocol", "JSON", "Linux",
                "LwM2M",
                "LwM2MClient", "Netlink", "Packages", "Signing",
            ],
            path: "Tests/Fuzz", exclude: ["Corpora"], swiftSettings: strict)
    ]

let package = Package(
    name: "gatekeel",
    products: [
        .executable(name: "gatekeeld", targets: ["gatekeeld"]),
        .executable(name: "gatekeel-installd", targets: ["gatekeel-installd"]),
        .executable(name: "gatekeel-fetch", targets: ["gatekeel-fetch"]),
        .executable(name: "gatekeel", targets: ["gatekeel"]),
        .executable(name: "gatekeel-devserver", targets: ["gatekeel-devserver"]),
    ],
    traits: [
        .trait(
            name: "FaultPoints",
            description: "Compiles the named fault points in, for the fault campaign. Never shipped.")
    ],
    targets: [
        // System libraries and the kernel.
        system("CLinux"),
        system("CSDEvent", "libsystemd", "libsystemd-dev"),
        system("CSDBus", "libsystemd", "libsystemd-dev"),
        system("CSDJournal", "libsystemd", "libsystemd-dev"),
        system("CCoAP", "libcoap-3-openssl", "libcoap3-dev"),
        system("CArchive", "libarchive", "libarchive-dev"),
        system("COpenSSL", "libcrypto", "libssl-dev"),
        system("CCurl", "libcurl", "libcurl4-openssl-dev"),

        // Foundations.
        module("Linux", ["CLinux"]),
        seldom("Netlink", ["Linux"]),
        seldom("Refusals", []),
        module("FaultPoints", ["Linux"]),
        seldom("State", ["Linux", "FaultPoints"]),
        module("EventLoop", ["CSDEvent", "Linux"]),
        seldom("Bus", ["CSDBus", "EventLoop", "Linux"]),
        seldom("Journal", ["CSDJournal", "Linux"]),
        module("JSON", ["Linux"]),
        seldom("Configuration", ["Journal", "State", "Linux"]),
        seldom("FetchProtocol"),
        seldom("Fetch", ["CCurl", "FetchProtocol", "Linux"]),
        module("Archive", ["CArchive", "Linux", "FaultPoints"]),
        seldom("Signing", ["COpenSSL", "Linux"]),

        // LwM2M.
        module("LwM2M", ["JSON"]),
        module("LwM2MClient", ["LwM2M", "EventLoop", "State", "Linux"]),
        module("CoAP", ["CCoAP", "LwM2MClient", "LwM2M", "EventLoop", "Netlink", "Linux"]),

        // Packages and the pipeline.
        seldom("Packages", ["Archive", "Signing", "Configuration", "Linux", "FaultPoints"]),
        seldom("Deployment", ["Packages", "Refusals", "Configuration", "EventLoop", "State", "Linux", "FaultPoints"]),

        // The host, the contract between the daemons, and the daemons.
        seldom("Contract", ["Bus", "Refusals", "EventLoop", "Linux"]),
        module("HostObjects", ["LwM2M", "LwM2MClient", "EventLoop", "State", "Netlink", "Linux", "FaultPoints"]),
        seldom(
            "Installer",
            [
                "Deployment", "Packages", "Archive", "Signing", "Contract", "Bus", "EventLoop", "Journal",
                "Configuration", "State", "Linux", "FaultPoints",
            ]),
        seldom(
            "Agent",
            [
                "HostObjects", "LwM2MClient", "CoAP", "LwM2M", "Contract", "Bus", "EventLoop", "Journal",
                "Configuration", "FetchProtocol", "Netlink", "Linux", "FaultPoints",
            ]),
        seldom(
            "CommandLine",
            ["Contract", "Bus", "EventLoop", "Packages", "Signing", "Configuration", "JSON", "Netlink", "Linux"]),

        program("gatekeeld", ["Agent"]),
        program("gatekeel-installd", ["Installer"]),
        program("gatekeel-fetch", ["Fetch"]),
        program("gatekeel", ["CommandLine"]),

        // For tests and the demo; never shipped.
        // Objects that are defined at runtime. It parses XML, with Foundation: nothing that is shipped may depend on it.
        module("RuntimeObjects", ["LwM2M", "LwM2MClient", "EventLoop"]),
        module("DevServer", ["CoAP", "LwM2M", "LwM2MClient", "RuntimeObjects", "JSON", "EventLoop", "Linux"]),
        program("gatekeel-devserver", ["DevServer"]),
        .executableTarget(
            name: "gatekeel-bench", dependencies: ["CoAP", "LwM2MClient", "EventLoop", "Linux"],
            path: "Tests/Benchmarks/coap-read", swiftSettings: strict),
        module("TestSupport", ["EventLoop", "Linux"]),

        tests("Linux"),
        tests("Netlink", ["Linux"]),
        tests("State", ["Linux"]),
        tests("EventLoop"),
        tests("Bus"),
        tests("Contract", ["Bus"]),
        tests("Journal"),
        tests("JSON"),
        tests("Configuration"),
        tests("Fetch", ["FetchProtocol"]),
        tests("FetchProtocol"),
        tests("Archive"),
        tests("Signing"),
        tests("LwM2M", ["Linux", "RuntimeObjects"]),
        tests("LwM2MClient", ["LwM2M", "State", "RuntimeObjects"]),
        tests("RuntimeObjects", ["LwM2M"]),
        tests("CoAP", ["LwM2M", "LwM2MClient", "Netlink"]),
        tests("DevServer", ["CoAP", "LwM2M", "LwM2MClient", "RuntimeObjects", "JSON"]),
        tests("Packages", ["Archive", "Signing"]),
        tests("Deployment", ["Packages", "State"]),
        tests("HostObjects", ["LwM2M", "LwM2MClient", "State", "Netlink"]),
        tests("Installer", ["Deployment", "Packages", "Contract", "Bus", "State"]),
        tests(
            "Agent",
            [
                "HostObjects", "LwM2M", "LwM2MClient", "CoAP", "Contract", "Bus", "Configuration", "FetchProtocol",
                "Linux",
            ]),
        tests("CommandLine", ["Contract", "Bus", "Configuration", "JSON", "Netlink"]),
        // Hours of a gateway whose network and server come and go.
        .testTarget(
            name: "EnduranceTests",
            dependencies: [
                "CoAP", "DevServer", "EventLoop", "HostObjects", "JSON", "Linux", "LwM2M", "LwM2MClient", "TestSupport",
            ], swiftSettings: strict),
        // The examples, links and generated parts of README.md and docs/.
        .testTarget(
            name: "DocumentsTests",
            dependencies: [
                "Archive", "Bus", "CommandLine", "Configuration", "Contract", "Deployment", "HostObjects", "Journal",
                "Linux", "Packages", "Refusals", "Signing",
                "TestSupport",
            ], swiftSettings: strict),
    ] + fuzzers
)
