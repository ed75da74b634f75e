import Bus
import Contract
import Linux
import Refusals
import TestSupport
import Testing

/// `docs/dbus.md`, made from the interfaces' tables.
enum BusReference {
    private static let introduction = """
        # D-Bus reference

        Gatekeel's daemons offer three interfaces on the system bus. `gatekeel` reaches the daemons by these interfaces only,
        so a program of yours can do the same. The XML is in `/usr/share/dbus-1/interfaces`.

        This page is generated from the tables that also answer introspection.

        ## Conventions

        - A dictionary (`a{sv}`) may gain keys in a later version. Ignore keys that you do not know.
        - Options that are not known are refused with `InvalidArgument`.
        - A time is in seconds since the epoch unless the text says otherwise; 0 means none.
        - A method that starts a deployment returns its identifier as soon as the deployment is durable. It goes on when
          the caller disconnects. Follow `DeploymentChanged`, or call `GetDeployment`, until `result` is not `running`.
        - A `reason` is a short stable token, a colon and a sentence: `probation: rinetd.service exited with code 1`.
          [Troubleshooting](troubleshooting.md#reasons) lists the tokens.

        Try it, as root or as a member of the group adm:

        ```sh
        busctl introspect org.gatekeel.Installer1 /org/gatekeel/Installer1
        busctl call org.gatekeel.Installer1 /org/gatekeel/Installer1 org.gatekeel.Installer1 GetPackage s rinetd
        busctl call org.gatekeel.Agent1 /org/gatekeel/Agent1 org.gatekeel.Agent1 Read s /3/0/13
        ```

        """

    /// What each error means; a code without a text does not compile.
    private static func meaning(_ code: RefusalCode) -> String {
        switch code {
        case .badSignature: "The package has no signature, or one that the keyring does not accept."
        case .unsupported: "The package needs something that Gatekeel does not do. The text names file and line."
        case .noSpace: "There is not enough free space."
        case .unmetRelation: "A package that it depends on is not installed on the host."
        case .downgrade: "A higher version was kept before; only root may go back."
        case .wrongArchitecture: "The package is for another architecture."
        case .conflict: "The host or another package owns something that this package brings."
        case .busy: "Another deployment runs. Try again when it has ended."
        case .notFound: "There is no such package, deployment or staged package."
        case .accessDenied: "The caller may not do that."
        case .invalidArgument: "An argument or option is not valid."
        case .refused: "The host does not allow it; for example, a time service keeps the clock."
        case .tooOften: "It was asked for too often. Try again later."
        case .failed: "It failed for another reason; the text says which."
        case .unavailable:
            "The daemon runs and cannot do its work yet, because its state cannot be read. It tries again by itself."
        case .unreachable: "Not sent over the bus."
        }
    }

    static var text: String {
        var text = introduction
        text += service(
            Installer1.interface, Installer1.busName, Installer1.path, "gatekeel-installd",
            readers: "root, the user gatekeel, the group adm", writers: "root, the user gatekeel")
        text += service(
            Host1.interface, Installer1.busName, Host1.path, "gatekeel-installd",
            readers: "root, the user gatekeel", writers: "root, the user gatekeel")
        text += service(
            Agent1.interface, Agent1.busName, Agent1.path, "gatekeeld",
            readers: "root, the user gatekeel, the group adm", writers: "root, the user gatekeel")
        text += "\n## Errors\n\n| name | meaning |\n|---|---|\n"
        for code in RefusalCode.allCases where code != .unreachable {
            text += "| `\(code.name)` | \(meaning(code)) |\n"
        }
        return text
    }

    private static func service(
        _ interface: BusInterface, _ name: String, _ path: String, _ daemon: String, readers: String, writers: String
    ) -> String {
        var text = "\n## \(interface.name)\n\n\(markdown(interface.summary))\n\n"
        text += "| | |\n|---|---|\n| bus name | `\(name)` |\n| object | `\(path)` |\n| daemon | `\(daemon)` |\n"
        for method in interface.methods {
            text += "\n### \(method.name)\n\n"
            text += "`\(method.name)(\(list(method.inputs)))`"
            text += method.outputs.isEmpty ? "\n" : " → `\(list(method.outputs))`\n"
            text += "\n\(markdown(method.summary))\n\n"
            text += "Callers: \(rootOnly.contains(method.name) ? "root" : method.changes ? writers : readers).\n"
        }
        for signal in interface.signals {
            text += "\n### \(signal.name) (signal)\n\n`\(signal.name)(\(list(signal.arguments)))`\n"
            text += "\n\(markdown(signal.summary))\n"
        }
        for property in interface.properties {
            text += "\n### \(property.name) (property)\n\n`\(property.name) \(property.signature)`"
            text += property.changes == .never ? ", constant\n" : ", changes are signalled\n"
            text += "\n\(markdown(property.summary))\n"
        }
        return text
    }

    /// Methods that `CallerPolicy.checkRoot` guards; of others only some options, which their summaries name.
    private static let rootOnly: Set<String> = ["Rollback"]

    private static func list(_ arguments: [BusInterface.Argument]) -> String {
        arguments.map { "\($0.name) \($0.signature)" }.joined(separator: ", ")
    }

    /// A summary, with what Markdown would take for markup escaped. A line that begins with the name of a dictionary
    /// (`options:`, `info:`) begins a paragraph.
    private static func markdown(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let escaped = line.reduce(into: "") { $0 += "<>*_".contains($1) ? "\\\($1)" : String($1) }
            let name = line.prefix { $0.isLowercase }
            return !name.isEmpty && line.dropFirst(name.count).hasPrefix(": ") ? "\n\(escaped)" : escaped
        }
        return lines.joined(separator: "\n")
    }
}

@Suite struct BusReferenceTests {
    @Test func theCommittedReferenceEqualsTheTables() throws {
        try expectGenerated("docs/dbus.md", is: BusReference.text)
    }
}
