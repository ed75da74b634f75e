import CoAP
import EventLoop
import Glibc
import JSON
import Linux
import LwM2M
import LwM2MClient
import RuntimeObjects

/// Controls the server by lines: reads commands, writes JSON objects.
@LoopActor
public final class Console {
    private let options: ConsoleOptions
    let server: DevServer
    private var current: String?

    init(_ options: ConsoleOptions) {
        self.options = options
        server = DevServer(keys: options.keys)
        server.report = { Console.print($0) }
    }

    /// Runs the program and returns its exit code.
    public nonisolated static func main(_ arguments: [String]) -> Int32 {
        let options: ConsoleOptions
        do {
            options = try ConsoleOptions(arguments)
        } catch {
            write("gatekeel-devserver: \(error)\n", to: 2)
            return 2
        }
        if options.help {
            write(help, to: 1)
            return 0
        }
        LoopActor.spawn {
            EventLoop.shared.exit(await Console(options).run())
        }
        return EventLoop.shared.run()
    }

    private func run() async -> Int32 {
        for file in options.definitions {
            do {
                let bytes = try Files.read(file, limit: ObjectDefinition.longestXML)
                server.definitions.append(try ObjectDefinition(xml: bytes))
            } catch {
                Console.write("gatekeel-devserver: \(file) is no definition of an object: \(error)\n", to: 2)
                return 2
            }
        }
        let plain = options.plain ? [(options.port, false)] : []
        for (port, secure) in plain + (options.keys.isEmpty ? [] : [(options.securePort, true)]) {
            guard server.listen(options.address, port: port, secure: secure) != nil else {
                Console.write("gatekeel-devserver: cannot listen at \(options.address) port \(port)\n", to: 2)
                return 3
            }
        }
        while true {
            // The input may be a file, which epoll does not support. So it is read on the worker's thread.
            let line = try? await Worker.shared.run { readLine() }
            guard let line = line ?? nil else { break }
            let words = line.split(separator: " ").map(String.init)
            guard let verb = words.first, !verb.hasPrefix("#") else { continue }
            if verb == "quit" { break }
            let success = await run(line, verb, Array(words.dropFirst()))
            if !success && options.strict { return 1 }
        }
        server.close()
        return 0
    }

    private func run(_ line: String, _ verb: String, _ words: [String]) async -> Bool {
        let start = LoopScheduler.shared.now
        var members: [JSON.Member] = [.init("command", .string(line))]
        var success = false
        do {
            let result = try await perform(verb, words)
            success = result.success
            members += [.init("ok", .bool(success))] + result.members
        } catch {
            members += [.init("ok", false), .init("error", .string("\(error)"))]
        }
        let (seconds, attoseconds) = (LoopScheduler.shared.now - start).components
        let took = Double(seconds) + Double(attoseconds / 1_000_000_000_000_000) / 1000
        members.append(.init("seconds", JSON.Number(took).map { .number($0) } ?? .null))
        Console.print(.object(members))
        return success
    }

    // MARK: Commands

    struct Outcome {
        var success = true
        var members: [JSON.Member] = []

        init() {}

        init(_ response: Response, value: JSON? = nil) {
            success = response.code.isSuccess
            members = [.init("code", .string(response.code.description))]
            if let format = response.contentFormat { members.append(.init("format", .number(.init(format)))) }
            if !success {
                members.append(.init("error", .string(String(decoding: response.payload, as: UTF8.self))))
            } else if let value {
                members.append(.init("value", value))
            }
            if !response.locationPath.isEmpty {
                members.append(.init("location", .string(response.locationPath.map { "/\($0)" }.joined())))
            }
        }
    }

    /// Of a response that has the content of a path.
    private func outcome(of response: Response, at path: Path) -> Outcome {
        Outcome(response, value: server.value(of: response, at: path))
    }

    private func perform(_ verb: String, _ words: [String]) async throws -> Outcome {
        switch verb {
        case "wait": return try await wait(words)
        case "clients":
            var outcome = Outcome()
            outcome.members = [.init("clients", .array(server.registrations.map { .object($0.json) }))]
            return outcome
        case "use":
            current = try word(words, 0, "EP")
            return Outcome()
        case "sleep":
            await LoopScheduler.shared.sleep(for: try seconds(words, 0, 1))
            return Outcome()
        case "forget":
            server.forget(try client())
            return Outcome()
        case "drop":
            try client().session.close()
            return Outcome()
        case "create": return try await create(words)
        case "read-composite", "write-composite", "observe-composite", "cancel-composite":
            return try await composite(verb, words)
        default: return try await perform(verb, at: try path(words), Array(words.dropFirst()), try client(), words)
        }
    }

    private func perform(
        _ verb: String, at path: Path, _ rest: [String], _ client: Registration, _ words: [String]
    ) async throws -> Outcome {
        switch verb {
        case "read": return outcome(of: try await server.read(path, try format(rest, 0), client), at: path)
        case "discover": return outcome(of: try await server.discover(path, client), at: path)
        case "write":
            let payload = Array(rest.joined(separator: " ").utf8)
            return Outcome(try await server.write(path, 0, payload, client))
        case "push":
            let file = try word(rest, 0, "FILE")
            let payload = try await Worker.shared.run { try Files.read(file, limit: 1 << 30) }
            var outcome = Outcome(try await server.write(path, ContentFormat.opaque.rawValue, payload, client))
            outcome.members.append(.init("bytes", .number(.init(payload.count))))
            return outcome
        case "execute": return Outcome(try await server.execute(path, rest.joined(separator: " "), client))
        case "delete": return Outcome(try await server.delete(path, client))
        case "attributes": return Outcome(try await server.attributes(path, try word(rest, 0, "QUERY"), client))
        case "observe": return outcome(of: try await server.observe(path, try format(rest, 0), client), at: path)
        case "cancel":
            let response = try await server.cancel(path, byReset: false, client)
            return response.map { outcome(of: $0, at: path) } ?? Outcome()
        case "cancel-by-reset":
            _ = try await server.cancel(path, byReset: true, client)
            return Outcome()
        case "until":
            let value = try await server.until(path, try word(rest, 0, "VALUE"), try seconds(rest, 1, 30), client)
            var outcome = Outcome()
            outcome.members = [.init("value", value)]
            return outcome
        default: throw CommandError("unknown command '\(verb)'; --help lists the commands")
        }
    }

    private func wait(_ words: [String]) async throws -> Outcome {
        let endpoint = try word(words, 0, "EP")
        let limit = try seconds(words, 1, 60)
        guard let registration = await server.registration(of: endpoint, within: limit) else {
            throw CommandError("\(endpoint) has not registered within \(limit.components.seconds) s")
        }
        var outcome = Outcome()
        outcome.members = registration.json
        return outcome
    }

    private func create(_ words: [String]) async throws -> Outcome {
        let path = try path(words)
        guard path.instance == nil else { throw CommandError("create needs the path of an object, like /9") }
        var rest = words.dropFirst()
        var instance: UInt16?
        if let first = rest.first, !first.contains("=") {
            guard let id = Path.identifier(first) else { throw CommandError("'\(first)' is not an identifier") }
            instance = id
            rest = rest.dropFirst()
        }
        let values = try rest.map { item -> (UInt16, String) in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let id = Path.identifier(parts[0]) else {
                throw CommandError("'\(item)' is not RESOURCE=VALUE")
            }
            return (id, String(parts[1]))
        }
        return Outcome(try await server.create(path.object, instance, values, try client()))
    }

    // MARK: Words

    func client() throws -> Registration {
        let chosen = server.registrations.last { current == nil || $0.endpoint == current }
        guard let chosen else {
            throw CommandError(current.map { "\($0) is not registered" } ?? "no client is registered")
        }
        return chosen
    }

    func path(_ words: [String], _ index: Int = 0) throws -> Path {
        let text = try word(words, index, "PATH")
        guard let path = Path(text) else { throw CommandError("'\(text)' is not a path like /9/0/7") }
        return path
    }

    private func word(_ words: [String], _ index: Int, _ what: String) throws -> String {
        guard index < words.count else { throw CommandError("\(what) is missing") }
        return words[index]
    }

    private func format(_ words: [String], _ index: Int) throws -> UInt16? {
        guard index < words.count else { return nil }
        guard let format = UInt16(words[index]) else { throw CommandError("'\(words[index])' is not a content format") }
        return format
    }

    private func seconds(_ words: [String], _ index: Int, _ standard: Int) throws -> Duration {
        guard index < words.count else { return .seconds(standard) }
        guard let seconds = Double(words[index]), seconds >= 0, seconds < 1e6 else {
            throw CommandError("'\(words[index])' is not a number of seconds")
        }
        return .milliseconds(Int(seconds * 1000))
    }

    private static func print(_ value: JSON) { write(String(decoding: value.write() + [0x0a], as: UTF8.self), to: 1) }

    private nonisolated static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
