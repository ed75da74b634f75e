import Bus
import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@testable import Contract

/// The shipped policies, in a real `dbus-daemon`, as several users see it.
@Suite(.timeLimit(.minutes(patience))) struct PolicyTests {
    static let missing: String? =
        if let reason = PrivateBus.missing {
            reason
        } else if geteuid() != 0 {
            "SKIPPED: only root can become another user"
        } else if (try? shell("command -v dbus-monitor && command -v setpriv")) == nil {
            "SKIPPED: dbus-monitor and setpriv are not installed (apt install dbus-bin util-linux)"
        } else {
            nil
        }

    /// The elements of one of the shipped policies.
    private func policy(_ name: String) throws -> String {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let bytes = try Files.read("\(root)/packaging/dbus/\(name).conf", limit: 65536)
        let text = String(decoding: bytes, as: UTF8.self)
        let begin = try #require(text.firstOccurrence(of: "<busconfig>"))
        let end = try #require(text.firstOccurrence(of: "</busconfig>"))
        return String(text[begin.upperBound..<end.lowerBound])
    }

    /// A connection with a name, and a signal of it.
    @LoopActor
    private func emitter(
        _ name: String, _ bus: PrivateBus
    ) async throws -> (connection: BusConnection, emit: @LoopActor () -> Void) {
        let connection = try BusConnection.open(address: bus.address)
        let interface = BusInterface(name, "Tells something.")
        let object = BusObject(path: "/test")
        object.add(interface)
        try connection.export(object)
        try await connection.requestName(name)
        return (connection, { object.emit(interface, "Happened", [.string("to \(name)")]) })
    }

    /// Signals name packages, deployments and servers.
    @Test(
        .enabled(if: PolicyTests.missing == nil, "SKIPPED: needs root, dbus-daemon, dbus-monitor, setpriv"),
        arguments: [
            ("org.gatekeel.Installer1", "--clear-groups", false), ("org.gatekeel.Installer1", "--groups=adm", true),
            ("org.gatekeel.Agent1", "--clear-groups", false), ("org.gatekeel.Agent1", "--groups=adm", true),
        ])
    func signalsAreForRootAndAdm(_ name: String, _ groups: String, _ hears: Bool) async throws {
        let policy = try policy(name)
        try await onLoop {
            let bus = try PrivateBus(policy: policy)
            let folder = try TemporaryDirectory("monitor")
            let monitor = try shell(
                """
                timeout -s KILL \(30 * patience) setpriv --reuid=65534 --regid=65534 \(groups) dbus-monitor --address '\(bus.address)' \
                "type='signal'" >\(folder.path)/heard 2>&1 </dev/null & echo $!
                """
            ).filter(\.isNumber)
            defer { _ = try? shellStatus("kill -KILL -- -\(monitor)") }
            let (restricted, tell) = try await emitter(name, bus)
            let (open, tellAll) = try await emitter("org.gatekeel.Everybody", bus)
            let root = try BusConnection.open(address: bus.address)
            var heardByRoot: Set<String> = []
            try root.onSignal(from: name, interface: name, member: "Happened") {
                heardByRoot.insert($0.arguments.first?.text ?? "")
            }
            // Its match is in place when a later call was answered.
            try await root.requestName("org.gatekeel.Listener")
            // A signal for everybody follows each restricted one. When the other user has heard two of them, that user was
            // listening when the last restricted one was sent.
            var heard = ""
            func count(_ name: String) -> Int {
                heard.split(separator: "\n").count { $0.hasSuffix("\"to \(name)\"") }
            }
            for round in 0..<500 where count("org.gatekeel.Everybody") < 2 {
                tell()
                try await restricted.requestName("org.gatekeel.Sent\(round)")
                tellAll()
                await LoopScheduler.shared.sleep(for: .milliseconds(20))
                heard = String(decoding: try Files.read("\(folder.path)/heard", limit: 1 << 20), as: UTF8.self)
            }
            #expect(count("org.gatekeel.Everybody") >= 2, "\(heard)")
            #expect((count(name) > 0) == hears, "\(heard)")
            #expect(heardByRoot == ["to \(name)"])
            for connection in [restricted, open, root] { connection.close() }
            bus.stop()
        }
    }
}
