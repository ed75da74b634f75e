import CSDBus
import EventLoop
import Glibc
import Linux
import TestSupport
import Testing

@testable import Bus

@Suite(.enabled(if: PrivateBus.missing == nil, "SKIPPED: dbus-daemon is not installed")) struct BusTests {
    /// Values of every type, empty containers and nested values arrive unchanged.
    @Test(arguments: [
        BusValue.byte(255), .bool(true), .bool(false), .int16(-32768), .uint16(65535), .int32(.min), .uint32(.max),
        .int64(.min), .uint64(.max), .double(-0.5), .string(""), .string("grüß Gott 🛶"), .objectPath("/a/b_1"),
        .signature("a{sv}"), .bytes([]), .bytes([0, 1, 255]), .array(of: "s", []), .strings(["a", "b"]),
        .array(of: "ay", [.bytes([1]), .bytes([])]), .dictionary(key: "s", value: "v", []),
        .properties(["a": .uint32(1), "b": .array(of: "(su)", [.structure([.string("x"), .uint32(2)])])]),
        .dictionary(key: "q", value: "as", [BusEntry(.uint16(7), .strings(["y"]))]),
        .variant(.variant(.structure([.int16(1), .array(of: "a{sv}", [])]))),
    ])
    func valuesArriveUnchanged(value: BusValue) async throws {
        let answer = try await withMirror { try await $0.call("Reflect", [.variant(value)]) }
        #expect(answer == [.variant(value)])
    }

    @Test func errorsHaveNameAndText() async throws {
        try await withMirror { mirror in
            _ = await #expect(throws: BusError("org.gatekeel.Error.Busy", "try again — später")) {
                try await mirror.call("Refuse")
            }
        }
    }

    @Test func repliesMayBeLateAndOutOfOrder() async throws {
        let orders = try await withMirror { mirror in
            let seen = Arrival<UInt32>()
            LoopActor.spawn {
                guard case .uint32(let order)? = (try? await mirror.call("Late"))?.first else { return }
                seen.came(order)
            }
            LoopActor.spawn {
                guard case .uint32(let order)? = (try? await mirror.call("Late"))?.first else { return }
                seen.came(order)
            }
            return await seen.wait(for: 2)
        }
        #expect(orders.sorted() == [1, 2])
    }

    @Test func callsEndAtTheirDeadline() async throws {
        try await withMirror { mirror in
            let error = await #expect(throws: BusError.self) {
                try await mirror.call("Never", deadline: .milliseconds(30))
            }
            #expect(error?.name == BusError.noReply || error?.name.hasSuffix("Timeout") == true)
            mirror.service.release()
        }
    }

    /// Calls fail while the bus is down. Then matches, watched names and objects are restored, with the owners of the new bus.
    @Test func lastingConnectionsReconnect() async throws {
        try await onLoop {
            let bus = try PrivateBus()
            let scheduler = ManualScheduler()
            let events = Arrival<String>()
            let owners = Arrival<String?>()
            let signals = Arrival<String>()
            let server = try BusConnection.open(address: bus.address, retry: scheduler)
            let client = try BusConnection.open(address: bus.address, retry: scheduler)
            for connection in [server, client] { connection.onReconnect = { events.came("back") } }
            let service = MirrorService()
            try server.export(service.object)
            try await server.requestName(MirrorBus.name)
            try client.watchName(MirrorBus.name) { owners.came($0) }
            try client.onSignal(from: MirrorBus.name, interface: MirrorBus.name, member: "Happened") {
                signals.came($0.arguments.first?.text ?? "")
            }
            client.onDisconnect = { events.came("gone") }
            #expect(await owners.wait(for: 1) == [server.uniqueName])

            bus.interrupt()
            #expect(await events.wait(for: 1) == ["gone"])
            #expect(await owners.wait(for: 2).last == .some(nil))
            let error = await #expect(throws: BusError.self) {
                try await client.call(
                    MirrorBus.name, path: Mirror.path, interface: MirrorBus.name, member: "Who")
            }
            #expect(error?.name == BusError.disconnected)
            // Nobody listens: attempts at once, after one second, and after two more.
            while server.isOpen { await LoopScheduler.shared.sleep(for: .milliseconds(1)) }
            scheduler.advance(by: .zero)
            scheduler.advance(by: .seconds(1))
            #expect(!client.isOpen)
            try bus.resume()
            scheduler.advance(by: .seconds(2))
            #expect(await events.wait(for: 3) == ["gone", "back", "back"])
            try await server.requestName(MirrorBus.name)
            // First no owner, then the new one.
            #expect(await owners.wait(for: 4).last == server.uniqueName)
            let reply = try await client.call(
                MirrorBus.name, path: Mirror.path, interface: MirrorBus.name, member: "Reflect",
                [.variant(.uint32(7))])
            #expect(reply == [.variant(.uint32(7))])
            service.object.emit(Mirror.interface, "Happened", [.string("again")])
            #expect(await signals.wait(for: 1) == ["again"])
            client.close()
            server.close()
            // Closed for good: no more attempts.
            bus.stop()
            #expect(scheduler.nextDelay == nil)
        }
    }

    /// On the new bus another program may have the caller's unique name.
    @Test func callsOfAPreviousBusAreNotAnswered() async throws {
        try await onLoop {
            let bus = try PrivateBus()
            let server = try BusConnection.open(address: bus.address, retry: LoopScheduler.shared)
            let back = Arrival<Void>()
            let answered = Arrival<BusError?>()
            server.onReconnect = { back.came(()) }
            let object = BusObject(path: Mirror.path)
            var waiting: CheckedContinuation<Void, Never>?
            object.add(
                BusInterface("org.gatekeel.Test1", "For tests.", methods: [.init("Who", "Waits.")]),
                methods: [
                    "Who": { call throws(BusError) in
                        await withCheckedContinuation { waiting = $0 }
                        do throws(BusError) {
                            _ = try await call.credentials()
                            answered.came(nil)
                        } catch {
                            answered.came(error)
                        }
                        return []
                    }
                ])
            try server.export(object)
            try await server.requestName(MirrorBus.name)
            let client = try BusConnection.open(address: bus.address)
            LoopActor.spawn {
                _ = try? await client.call(
                    MirrorBus.name, path: Mirror.path, interface: MirrorBus.name, member: "Who")
            }
            while waiting == nil { await LoopScheduler.shared.sleep(for: .milliseconds(1)) }
            bus.interrupt()
            try bus.resume()
            _ = await back.wait(for: 1)
            waiting?.resume()
            #expect(await answered.wait(for: 1).first??.name == BusError.disconnected)
            server.close()
            bus.stop()
        }
    }

    @Test func callsInFlightFailWhenTheBusEnds() async throws {
        try await onLoop {
            let mirror = try await MirrorBus()
            let ended = Arrival<String>()
            mirror.client.onDisconnect = { ended.came("disconnected") }
            LoopActor.spawn {
                do throws(BusError) {
                    _ = try await mirror.call("Never")
                    ended.came("answered")
                } catch { ended.came("failed") }
            }
            // After the answer to a later call, this call is known to be under way.
            _ = try await mirror.call("Who")
            mirror.bus.stop()
            #expect(Set(await ended.wait(for: 2)) == ["failed", "disconnected"])
            #expect(!mirror.client.isOpen)
            let error = await #expect(throws: BusError.self) { try await mirror.call("Who") }
            #expect(error?.name == BusError.disconnected)
            mirror.service.release()
            mirror.server.close()
        }
    }

    @Test func wrongArgumentsAndUnknownMembersAreRefused() async throws {
        try await withMirror { mirror in
            let elsewhere = { @LoopActor (name: String, interface: String) async throws(BusError) -> [BusValue] in
                try await mirror.client.call(name, path: Mirror.path, interface: interface, member: "Who")
            }
            let names = [
                await errorName { () throws(BusError) in try await mirror.call("Reflect", [.string("x")]) },
                await errorName { () throws(BusError) in try await mirror.call("Nothing") },
                await errorName { () throws(BusError) in try await mirror.call("Lie") },
                await errorName { () throws(BusError) in try await mirror.call("Reflect", [.variant(.string("a\0b"))])
                },
                await errorName { () throws(BusError) in try await elsewhere(MirrorBus.name, "org.gatekeel.Other") },
                await errorName { () throws(BusError) in try await elsewhere("org.gatekeel.Nobody", MirrorBus.name) },
            ]
            #expect(
                names == [
                    BusError.invalidArguments, BusError.unknownMethod, BusError.failed, BusError.invalidArguments,
                    BusError.unknownInterface, BusError.serviceUnknown,
                ])
        }
    }

    @Test func credentialsOfTheCallerComeFromTheBus() async throws {
        let answer = try await withMirror { try await $0.call("Who") }
        #expect(answer.first == .uint32(getuid()))
        #expect(answer.last?.elements?.contains(.uint32(getgid())) == true)
    }

    /// The bus daemon drops its own replies to a connection for which more than 64 descriptors are queued.
    @Test func credentialsAreKnownAfterAFloodOfDescriptors() async throws {
        try await withMirror { mirror in
            let other = try BusConnection.open(address: mirror.bus.address)
            defer { other.close() }
            let name = try #require(mirror.client.uniqueName)
            #expect(other.uniqueName != nil)
            @LoopActor func flood(_ connection: BusConnection, _ count: Int, _ value: BusValue) {
                for _ in 0..<count {
                    connection.call(
                        MirrorBus.name, path: Mirror.path, interface: MirrorBus.name, member: "Reflect",
                        [.variant(value)]
                    ) { _ in }
                }
                sd_bus_flush(connection.bus)
            }
            // Fills the socket; what follows waits in the bus daemon, since nobody reads before the loop's next turn.
            flood(mirror.client, 30, .string(String(repeating: "x", count: 20_000)))
            let file = BusDescriptor(try FileDescriptor.open("/dev/null"))
            let files = BusValue.array(of: "h", Array(repeating: .descriptor(file), count: 16))
            for connection in [mirror.client, other] { flood(connection, 3, files) }
            usleep(300_000)
            let known = Arrival<UInt32?>()
            LoopActor.spawn { known.came(try? await mirror.server.credentials(of: name).user) }
            await Task.yield()
            sd_bus_flush(mirror.server.bus)
            usleep(300_000)
            #expect(await known.wait(for: 1) == [getuid()])
        }
    }

    @Test func descriptorsAreSentBothWays() async throws {
        let text = try await withMirror { mirror in
            var ends: [Int32] = [0, 0]
            pipe(&ends)
            let readEnd = FileDescriptor(owning: ends[0])
            let writeEnd = FileDescriptor(owning: ends[1])
            try writeEnd.write("through the bus".utf8)
            let answer = try await mirror.call("Open", [.descriptor(BusDescriptor(readEnd))])
            guard case .descriptor(let back)? = answer.first else { return "" }
            return String(decoding: try back.file.read(upTo: 100), as: UTF8.self)
        }
        #expect(text == "through the bus")
    }

    @Test func propertiesAreReadAndTheirChangesSignalled() async throws {
        try await withMirror { mirror in
            let changes = Arrival<[String: BusValue]>()
            try mirror.client.onSignal(
                from: MirrorBus.name, path: Mirror.path, interface: "org.freedesktop.DBus.Properties",
                member: "PropertiesChanged"
            ) { changes.came($0.arguments.dropFirst().first?.properties ?? [:]) }
            let all = try await mirror.client.properties(of: MirrorBus.name, at: Mirror.path, MirrorBus.name)
            #expect(all == ["Count": .uint32(0), "Name": .string("mirror")])
            mirror.service.count = 7
            mirror.service.object.changed(Mirror.interface, ["Count"])
            #expect(await changes.wait(for: 1) == [["Count": .uint32(7)]])
            let one = try await mirror.client.property("Count", of: MirrorBus.name, at: Mirror.path, MirrorBus.name)
            #expect(one == .uint32(7))
            let error = await #expect(throws: BusError.self) {
                try await mirror.client.call(
                    MirrorBus.name, path: Mirror.path, interface: "org.freedesktop.DBus.Properties", member: "Set",
                    [.string(MirrorBus.name), .string("Count"), .variant(.uint32(1))])
            }
            #expect(error?.name == BusError.propertyReadOnly)
        }
    }

    /// Anyone can send us a signal that looks like that of another program. It must be ignored.
    @Test func signalsOfImpostorsAreIgnored() async throws {
        try await withMirror { mirror in
            let seen = Arrival<BusValue>()
            try mirror.client.onSignal(from: MirrorBus.name, path: Mirror.path, member: "Happened") {
                seen.came($0.arguments.first ?? .bool(false))
            }
            let impostor = try BusConnection.open(address: mirror.bus.address)
            _ = try await mirror.call("Who")
            try impostor.emit(path: Mirror.path, interface: MirrorBus.name, member: "Happened", [.string("false")])
            // Sent directly to the client, so the daemon's match rules do not apply.
            try impostor.emitDirectly(
                to: mirror.client.uniqueName ?? "", path: Mirror.path, interface: MirrorBus.name, member: "Happened",
                [.string("directly")])
            _ = try await impostor.call(
                BusConnection.driver, path: BusConnection.driverPath, interface: BusConnection.driver, member: "GetId")
            mirror.service.object.emit(Mirror.interface, "Happened", [.string("true")])
            #expect(await seen.wait(for: 1) == [.string("true")])
            impostor.close()
        }
    }

    @Test func cancelledMatchesAreSilent() async throws {
        try await withMirror { mirror in
            let (first, second) = (Arrival<Int>(), Arrival<Int>())
            let token = try mirror.client.onSignal(from: MirrorBus.name, member: "Happened") { _ in first.came(1) }
            try mirror.client.onSignal(from: MirrorBus.name, member: "Happened") { _ in second.came(1) }
            _ = try await mirror.call("Who")
            token.cancel()
            token.cancel()
            mirror.service.object.emit(Mirror.interface, "Happened", [.string("x")])
            #expect(await second.wait(for: 1) == [1])
            #expect(first.values.isEmpty)
        }
    }

    @Test func ownersOfWatchedNamesAreReported() async throws {
        try await withMirror { mirror in
            let owners = Arrival<String?>()
            try mirror.client.watchName("org.gatekeel.Second") { owners.came($0) }
            let other = try BusConnection.open(address: mirror.bus.address)
            #expect(await owners.wait(for: 1) == [nil])
            try await other.requestName("org.gatekeel.Second")
            let name = other.uniqueName
            let error = await #expect(throws: BusError.self) {
                try await mirror.server.requestName("org.gatekeel.Second")
            }
            #expect(error?.name == "org.freedesktop.DBus.Error.NameExists")
            other.close()
            #expect(await owners.wait(for: 3) == [nil, name, nil])
        }
    }

    @Test func introspectionMatchesTheTable() async throws {
        let xml = try await withMirror { mirror in
            try await mirror.client.call(
                MirrorBus.name, path: Mirror.path, interface: "org.freedesktop.DBus.Introspectable",
                member: "Introspect"
            ).first?.text ?? ""
        }
        #expect(xml == BusInterface.document(BusInterface.standard + [Mirror.interface]))
        #expect(xml.contains(#"<arg name="value" type="v" direction="in"/>"#))
    }

    @Test func unauthorizedCallsAreRefusedBeforeTheirCodeRuns() async throws {
        try await withMirror { mirror in
            mirror.service.object.authorize = { _, changes throws(BusError) in
                if changes { throw BusError(BusError.accessDenied, "only look") }
            }
            let error = await #expect(throws: BusError.self) { try await mirror.call("Refuse") }
            #expect(error?.name == BusError.accessDenied)
            let who = try await mirror.call("Who")
            #expect(who.count == 2)
        }
    }
}

/// The name of the error with which a call fails; empty if it succeeds.
@LoopActor
private func errorName(_ body: @LoopActor () async throws(BusError) -> [BusValue]) async -> String {
    do throws(BusError) {
        _ = try await body()
        return ""
    } catch { return error.name }
}
