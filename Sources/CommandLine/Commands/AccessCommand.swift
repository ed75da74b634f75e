import Contract
import EventLoop
import JSON

/// `access`: what each of several servers may do, from object 2.
@LoopActor
struct AccessCommand {
    let console: Console
    let gateway: any Gateway

    /// One instance of object 2.
    struct List: Equatable {
        var object = 0
        var instance = 0
        var owner = 0
        /// By Short Server ID; 0 is for all others.
        var rights: [Int: Int] = [:]
    }

    func run() async throws(Failure) -> ExitCode {
        let lists: [Int: List]
        let servers: [ServerStatus]
        do throws(ContractError) {
            servers = try await gateway.agentStatus().servers
            lists = try await Self.lists(gateway)
        } catch {
            throw Failure(error, asking: "gatekeeld")
        }
        func name(_ number: Int) -> String {
            servers.first { $0.shortServerID == number }?.name ?? (number == 0 ? "others" : "\(number)")
        }
        let sorted = lists.sorted { $0.key < $1.key }
        if console.isJSON {
            console.json(.array(sorted.map { JSON($0.key, $0.value) }))
        } else if lists.isEmpty {
            console.line("There are not several servers: one alone may do everything.")
        } else {
            var table = TextTable("LIST", "OF", "OWNER", "RIGHTS")
            for (id, list) in sorted {
                table.add(
                    "/2/\(id)", Self.subject(list), name(list.owner),
                    list.rights.sorted { $0.key < $1.key }
                        .map { "\(name($0.key)): \(Self.words($0.value, list))" }.joined(separator: "; "))
            }
            console.table(table)
        }
        return .done
    }

    private static func lists(_ gateway: any Gateway) async throws(ContractError) -> [Int: List] {
        let values: [AgentValue]
        do throws(ContractError) {
            values = try await gateway.read("/2")
        } catch {
            if error.code == .notFound { return [:] }
            throw error
        }
        var lists: [Int: List] = [:]
        for value in values {
            let numbers = value.path.split(separator: "/").compactMap { Int($0) }
            guard numbers.count >= 3, let number = value.value.integer else { continue }
            switch (numbers[2], numbers.count) {
            case (0, 3): lists[numbers[1], default: List()].object = number
            case (1, 3): lists[numbers[1], default: List()].instance = number
            case (2, 4): lists[numbers[1], default: List()].rights[numbers[3]] = number
            case (3, 3): lists[numbers[1], default: List()].owner = number
            default: break
            }
        }
        return lists
    }

    /// `/9/0`, or `new instances of /9`.
    private static func subject(_ list: List) -> String {
        list.instance == 65535 ? "new instances of /\(list.object)" : "/\(list.object)/\(list.instance)"
    }

    private static func words(_ rights: Int, _ list: List) -> String {
        // Of the whole object there is only the right to create, and of an instance there is none.
        let all = [(1, "read"), (2, "write"), (4, "execute"), (8, "delete"), (16, "create")]
            .filter { ($0.0 == 16) == (list.instance == 65535) }
        let words = all.filter { rights & $0.0 != 0 }.map(\.1)
        return words.isEmpty ? "nothing" : words.joined(separator: " ")
    }
}

extension JSON {
    fileprivate init(_ id: Int, _ list: AccessCommand.List) {
        self = [
            "list": .number(.init(id)), "object": .number(.init(list.object)),
            "instance": .number(.init(list.instance)), "owner": .number(.init(list.owner)),
            "rights": .array(
                list.rights.sorted { $0.key < $1.key }.map {
                    ["short-server-id": .number(.init($0.key)), "rights": .number(.init($0.value))]
                }),
        ]
    }
}
