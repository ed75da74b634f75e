import Contract
import Netlink

@testable import CommandLine

/// Objects that occur in more than one place, or are long.
enum Named: String, CaseIterable {
    case error, status, agent, server, transfer, object, value, sent, access, package, staged, deployment, certificate,
        signer,
        file,
        unit
    case signedTime = "signed-time"
    case link, wireless, radio, network
    case finding, configuration, problem, failure, suggestion, remark

    var members: [Shape.Member] {
        switch self {
        case .error:
            [
                .init(
                    "error",
                    .object([
                        .init("code", .integer, ""), .init("name", .choice(ExitCode.allCases.map(\.name)), ""),
                        .init("text", .text, ""),
                    ]), "`code` integer; `name` the exit code's name; `text` for people")
            ]
        case .failure:
            [
                .init(
                    "error",
                    .object([.init("name", .choice(ExitCode.allCases.map(\.name)), ""), .init("text", .text, "")]),
                    "why the daemon did not answer: `name` of the exit code, `text` for people")
            ]
        case .status:
            [
                .init("agent", .either(.named(.agent), .named(.failure)), "gatekeeld"),
                .init("packages", .either(.list(.named(.package)), .named(.failure)), "of gatekeel-installd"),
                .init(
                    "deployment", .either(.either(.named(.deployment), .null), .named(.failure)),
                    "the deployment that is running"),
                .init(
                    "keyring", .either(.list(.named(.certificate)), .named(.failure)),
                    "certificates that packages may be signed under"),
                .init(
                    "signed-time", .either(.named(.signedTime), .named(.failure)),
                    "the newest time in a signature that was accepted"),
                .init(
                    "installer-configuration-refused", .either(.boolean, .named(.failure)),
                    "whether gatekeel-installd runs with an earlier configuration, because its files have errors"),
                .init(
                    "problems", .list(.text),
                    "what was not answered, and what `status --check` reports; empty when all is well"),
            ]
        case .agent:
            [
                .init("endpoint", .text, "the endpoint client name"),
                .init("version", .text, "Gatekeel's version"),
                .init("servers", .list(.named(.server)), "every account of the configuration"),
                .init("transfers", .list(.named(.transfer)), "packages on their way from a server"),
                .init(
                    "configuration-problems", .list(.text),
                    "errors of the configuration files, while an earlier configuration is in use"),
                .init(
                    "state-problems", .list(.text),
                    "state files that cannot be read; gatekeeld works without them and tries them again"),
            ]
        case .server:
            [
                .init("name", .text, "the account's name"), .init("uri", .text, "without user information and query"),
                .init("state", .choice(ServerStatus.State.allCases.map(\.rawValue)), ""),
                .init("short-server-id", .integer, ""),
                .init("registered-at", .integer, "0 when not registered"),
                .init("next-attempt", .integer, "0 for none"),
                .init("lifetime", .integer, "seconds"),
                .init("reason", .text, "why it is not registered, or why its account cannot be used"),
                .init("waiting-values", .integer, "how many values wait to be sent"),
                .init(
                    "interface", .text,
                    "the network interface by which it is contacted; empty while there is no route to it"),
            ]
        case .transfer:
            [
                .init("instance", .integer, "of object 9; `gatekeel cancel` takes it"),
                .init("kind", .choice(TransferInfo.Kind.allCases.map(\.rawValue)), ""),
                .init("phase", .choice(TransferInfo.Phase.allCases.map(\.rawValue)), ""),
                .init("host", .text, "of the Package URI; empty for a push"),
                .init("received", .integer, "bytes"), .init("total", .integer, "bytes; 0 when unknown"),
                .init("reason", .text, "why it waits, or that it is slow: a token, a colon, a text"),
                .init("since", .integer, "when it began"), .init("next-attempt", .integer, "0 for none"),
            ]
        case .object:
            [
                .init("id", .integer, ""), .init("name", .text, ""), .init("version", .text, ""),
                .init("instances", .list(.integer), ""),
            ]
        case .value:
            [
                .init("path", .text, "`/3/0/9`, `/3/0/11/0`"), .init("name", .text, "of the resource"),
                .init(
                    "type",
                    .choice([
                        "string", "integer", "unsigned", "float", "boolean", "opaque", "time", "objlnk", "corelnk",
                    ]), ""),
                .init("unit", .text, ""), .init("value", .scalar, "opaque values as hexadecimal digits"),
            ]
        case .link: Self.linkMembers
        case .wireless:
            [
                .init("mode", .choice(["", "ad hoc", "station", "access point", "monitor", "mesh"]), ""),
                .init("network", .text, "SSID; what is not UTF-8 in it is replaced"),
                .init("access-point", .text, "BSSID of the one that a station is associated with"),
                .init("associated-for", .integer, "seconds; 0 when unknown"),
                .init("frequency", .integer, "MHz; 0 while it is on no channel"),
                .init("channel", .integer, "0 for none"),
                .init("signal", .either(.integer, .null), "dBm"),
                .init("send-rate", .integer, "100 kbit/s; 0 when unknown"),
                .init("receive-rate", .integer, "100 kbit/s; 0 when unknown"),
            ]
        case .radio:
            [
                .init("country", .text, "two letters, or `00` for rules that are allowed everywhere"),
                .init("channels", .list(.integer), "that it may use"),
                .init("networks", .list(.named(.network)), "that its last scan saw, the strongest first"),
            ]
        case .network:
            [
                .init("network", .text, "SSID; empty when it is hidden"), .init("access-point", .text, "BSSID"),
                .init("frequency", .integer, "MHz; 0 when unknown"), .init("signal", .either(.integer, .null), "dBm"),
                .init("security", .choice(WirelessNetwork.Security.allCases.map(\.rawValue)), ""),
                .init("associated", .boolean, "the station is associated with it"),
            ]
        case .access:
            [
                .init("list", .integer, "the instance of object 2"), .init("object", .integer, ""),
                .init("instance", .integer, "of the object; 65535 is for new ones"),
                .init("owner", .integer, "the Short Server ID of the server that may change the list"),
                .init(
                    "rights",
                    .list(
                        .object([
                            .init("short-server-id", .integer, "0 is for all that are not named"),
                            .init("rights", .integer, "read 1, write 2, execute 4, delete 8, create 16"),
                        ])),
                    "objects with `short-server-id` (0 is for all others) and `rights` (read 1, write 2, execute 4, delete 8, create 16)"
                ),
            ]
        case .sent:
            [
                .init("server", .text, "the account's name"),
                .init("result", .choice(SendInfo.Result.allCases.map(\.rawValue)), ""),
                .init("reason", .text, "why it failed"),
            ]
        case .package:
            [
                .init("name", .text, ""), .init("version", .text, "empty when absent"),
                .init("previous", .text, "the version that `rollback` brings back"),
                .init("state", .choice(PackageInfo.State.allCases.map(\.rawValue)), ""),
                .init("active", .boolean, "all units that `activate` starts are active"),
                .init("enabled", .boolean, "its units start at boot"), .init("units", .list(.text), ""),
                .init("signer", .text, "subject of the certificate"), .init("description", .text, ""),
                .init("architecture", .text, ""), .init("installed-at", .integer, ""),
                .init("reason", .text, "why its last deployment ended badly: a token, a colon, a text"),
                .init("reason-version", .text, "the version that the reason is about"),
                .init("warnings", .list(.text), ""),
                .init("problems", .list(.text), "what of the host does not fit it any more"),
                .init("provides", .text, "names that it provides to relations of other packages"),
            ]
        case .staged:
            [
                .init("token", .text, "what `discard` takes"), .init("name", .text, ""), .init("version", .text, ""),
                .init("architecture", .text, ""), .init("description", .text, ""),
                .init("signer", .text, "subject of the certificate; empty when it is not signed"),
                .init("size", .integer, "bytes of the file"), .init("installed-size", .integer, "bytes unpacked"),
                .init("staged-at", .integer, ""), .init("units", .list(.text), ""), .init("warnings", .list(.text), ""),
            ]
        case .deployment:
            [
                .init("id", .text, ""), .init("package", .text, ""),
                .init(
                    "operation", .choice(["install", "update", "remove", "activate", "deactivate", "rollback"]), ""),
                .init("version", .text, "the version that is to be in place"),
                .init("previous", .text, "the version before"), .init("state", .text, "the step"),
                .init("percent", .integer, ""),
                .init("result", .choice(DeploymentInfo.Result.allCases.map(\.rawValue)), ""),
                .init("reason", .text, "a token, a colon, a text"),
                .init(
                    "down", .boolean,
                    "whether the version in place before could not be started again: nothing of the package runs"),
                .init("token", .text, "of the staged package"), .init("started-at", .integer, ""),
                .init("ended-at", .integer, "0 while it runs"),
                .init("downtime", .integer, "microseconds from the first stop to the last start"),
                .init("until", .integer, "when the step that is running ends at the latest; 0 when unknown"),
            ]
        case .certificate:
            [
                .init("subject", .text, ""), .init("not-after", .integer, ""),
                .init("sha256", .text, "fingerprint, 64 hexadecimal digits"), .init("file", .text, ""),
            ]
        case .signedTime:
            [
                .init(
                    "time", .integer, "packages are verified at the later of the clock and this; 0 when none is known"),
                .init("package", .text, "whose signature contains it"), .init("version", .text, "of that package"),
                .init("signer", .text, "subject of the certificate"),
            ]
        case .signer:
            [
                .init("subject", .text, ""), .init("issuer", .text, ""),
                .init("sha256", .text, "fingerprint, 64 hexadecimal digits"), .init("not-after", .integer, ""),
                .init(
                    "signed-at", .integer,
                    "when it was signed, by the signer's clock; 0 when the signature does not say"),
                .init("digest", .text, "the digest algorithm"),
            ]
        case .file:
            [
                .init("name", .text, ""), .init("version", .text, ""), .init("architecture", .text, ""),
                .init("description", .text, ""), .init("signed", .boolean, "it has a signature"),
                .init(
                    "signer", .text,
                    "subject of its signer's certificate, if a certificate of this machine's keyring vouches for it"),
                .init("manifest", .boolean, "it has a manifest"),
                .init("fits", .boolean, "the installer of this host would accept it"),
                .init("units", .list(.named(.unit)), ""), .init("conffiles", .list(.text), ""),
                .init("migrations", .list(.text), "what an update from an earlier version changes of files in /etc"),
                .init("findings", .list(.named(.finding)), "what the installer would refuse or warn of"),
            ]
        case .unit:
            [
                .init("name", .text, ""), .init("enabled", .boolean, "it starts at boot once it is activated"),
                .init("started", .boolean, "`activate` starts it"),
            ]
        case .finding:
            [
                .init("severity", .choice(["refused", "warning"]), ""), .init("kind", .text, ""),
                .init("file", .text, ""), .init("line", .integer, "0 for the file as a whole"),
                .init("text", .text, ""),
            ]
        case .suggestion:
            [
                .init("manifest", .text, "the manifest, as it would be attached"),
                .init("needed", .boolean, "the installer refuses the package without one"),
                .init("not-understood", .list(.named(.remark)), "lines that the manifest does not stand for"),
                .init("left-out", .list(.named(.remark)), "lines that are understood and not done"),
            ]
        case .remark:
            [
                .init("file", .text, "`postinst`, or a file that it reads"), .init("line", .integer, "counted from 1"),
                .init("text", .text, "the line"), .init("reason", .text, "for people"),
            ]
        case .configuration:
            [
                .init("files", .list(.text), "files that were read, in the order in which they apply"),
                .init("as-service", .boolean, "gatekeeld's files were opened as the user gatekeel"),
                .init("problems", .list(.named(.problem)), ""),
            ]
        case .problem:
            [
                .init("severity", .choice(["error", "warning"]), ""), .init("file", .text, ""),
                .init("line", .integer, "0 for the file as a whole"), .init("section", .text, ""),
                .init("key", .text, ""), .init("text", .text, ""),
            ]
        }
    }
}

extension Named {
    /// Of `link NAME` there is one more.
    static let linkMembers: [Shape.Member] = [
        .init("name", .text, ""), .init("index", .integer, "the kernel's number of it"),
        .init(
            "kind", .text,
            "`ethernet`, `wlan`, `loopback`, `ppp`, `wwan`, `6lowpan`, `other`, or the kernel's name: `bridge`, `vlan`, `veth`, …"
        ),
        .init("device", .text, "the link that its frames leave by: of a VLAN, a bridge or a bond"),
        .init("up", .boolean, "datagrams can leave by it"),
        .init(
            "state",
            .choice(
                ["off", "no carrier"] + NetworkLink.State.allCases.map(\.name)),
            "`up`, or why it is not"), .init("hardware-address", .text, ""), .init("mtu", .integer, "bytes"),
        .init(
            "addresses",
            .list(
                .object([
                    .init("address", .text, ""), .init("prefix", .integer, ""), .init("global", .boolean, ""),
                ])),
            "objects with `address`, `prefix` (length of the network's part, bits) and `global` (not link-local, nor still being checked)"
        ), .init("routers", .list(.text), "next hops of its default routes"),
        .init("received-bytes", .integer, "since it exists, in frames"), .init("received-packets", .integer, ""),
        .init("receive-errors", .integer, ""), .init("receive-drops", .integer, ""),
        .init("sent-bytes", .integer, ""), .init("sent-packets", .integer, ""), .init("send-errors", .integer, ""),
        .init("send-drops", .integer, ""),
        .init(
            "servers", .either(.list(.text), .null),
            "accounts whose servers are contacted by it; null when gatekeeld did not answer"),
        .init("wireless", .either(.named(.wireless), .null), "of a radio"),
    ]
}
