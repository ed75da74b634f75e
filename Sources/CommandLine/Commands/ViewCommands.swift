import Bus
import Configuration
import Contract
import EventLoop
import JSON
import Linux

/// `objects`, `read`, `packages`, `history`: look, and change nothing.
@LoopActor
struct ViewCommands {
    let console: Console
    let gateway: any Gateway
    let invocation: Invocation

    func objects() async throws(Failure) -> ExitCode {
        let objects = try await asking("gatekeeld") { () async throws(ContractError) in try await gateway.objects() }
        if console.isJSON {
            console.json(.array(objects.map { JSON($0) }))
            return .done
        }
        var table = TextTable("ID", "NAME", "VERSION", "INSTANCES")
        for object in objects {
            table.add(
                "\(object.id)", object.name, object.version, object.instances.map { "\($0)" }.joined(separator: " "))
        }
        console.table(table)
        return .done
    }

    func read() async throws(Failure) -> ExitCode {
        let path = invocation.arguments[0]
        guard path.hasPrefix("/"), path.utf8.count <= 64 else {
            throw Failure(
                .usage, "'\(path)' is not a path; expected /OBJECT[/INSTANCE[/RESOURCE[/RESOURCE INSTANCE]]]")
        }
        let values = try await asking("gatekeeld") { () async throws(ContractError) in try await gateway.read(path) }
        if console.isJSON {
            console.json(.array(values.map { JSON($0) }))
            return .done
        }
        var table = TextTable("PATH", "NAME", "VALUE")
        for value in values {
            let text = Self.text(value)
            table.add(value.path, value.name, value.unit.isEmpty ? text : "\(text) \(value.unit)")
        }
        console.table(table)
        return .done
    }

    func packages() async throws(Failure) -> ExitCode {
        if let name = invocation.arguments.first { return try await package(name) }
        let packages = try await asking("gatekeel-installd") { () async throws(ContractError) in
            try await gateway.packages()
        }
        if console.isJSON {
            console.json(.array(packages.map { JSON($0) }))
        } else if packages.isEmpty, console.isTerminal {
            console.line("No packages; 'gatekeel install FILE' installs one.")
        } else {
            console.table(Self.table(packages))
        }
        return .done
    }

    static func table(_ packages: [PackageInfo]) -> TextTable {
        var table = TextTable("NAME", "VERSION", "PREVIOUS", "STATE", "NOTE")
        for package in packages.sorted(by: { $0.name < $1.name }) {
            table.add(package.name, package.version, package.previous, package.stateText, package.note)
        }
        return table
    }

    private func package(_ name: String) async throws(Failure) -> ExitCode {
        let package = try await asking("gatekeel-installd") { () async throws(ContractError) in
            try await gateway.package(name)
        }
        if console.isJSON {
            console.json(JSON(package))
            return .done
        }
        var table = TextTable("FIELD", "VALUE")
        table.add("name", package.name)
        table.add("version", package.version)
        table.add("previous", package.previous)
        table.add("state", package.stateText)
        table.add("starts at boot", package.units.isEmpty ? "nothing" : package.isEnabled ? "yes" : "no")
        table.add("units", package.units.joined(separator: " "))
        table.add("signer", package.signer)
        table.add("description", package.description)
        table.add("architecture", package.architecture)
        table.add("installed at", Moments.text(package.installedAt))
        table.add("last problem", package.note)
        for problem in package.problems { table.add("problem", problem) }
        for warning in package.warnings { table.add("warning", warning) }
        table.rows.removeAll { $0[1].isEmpty }
        console.table(table)
        return .done
    }

    func staged() async throws(Failure) -> ExitCode {
        let staged = try await asking("gatekeel-installd") { () async throws(ContractError) in
            try await gateway.staged()
        }
        if console.isJSON {
            console.json(.array(staged.map { JSON($0) }))
            return .done
        }
        var table = TextTable("TOKEN", "NAME", "VERSION", "SIZE", "STAGED")
        for one in staged {
            table.add(one.token, one.name, one.version, ByteSize.rounded(Int64(one.size)), Moments.text(one.stagedAt))
        }
        console.table(table)
        return .done
    }

    /// The latest deployments, those of one package, or all that is known of one deployment.
    func history() async throws(Failure) -> ExitCode {
        let limit = try invocation.number("limit", default: 20, in: 1...1000)
        let word = invocation.arguments.first
        let all = try await asking("gatekeel-installd") { () async throws(ContractError) in
            try await gateway.deployments(limit: word == nil ? limit : 1000)
        }
        if let one = all.first(where: { $0.id == word }) {
            show(one)
            return .done
        }
        let deployments = all.filter { word == nil || $0.package == word }.prefix(limit)
        if let word, deployments.isEmpty {
            // A package may be there whose deployments are forgotten; any other name is a mistake.
            do throws(ContractError) {
                _ = try await gateway.package(word)
            } catch {
                guard error.code == .notFound else { throw Failure(error, asking: "gatekeel-installd") }
                throw Failure(
                    .notFound,
                    "no package or deployment '\(word)' is known; 'gatekeel history' lists the latest deployments")
            }
        }
        if console.isJSON {
            console.json(.array(deployments.map { JSON($0) }))
            return .done
        }
        var table = TextTable("ID", "STARTED", "PACKAGE", "OPERATION", "VERSION", "FROM", "RESULT", "REASON")
        for one in deployments {
            let result = one.hasEnded ? one.result.text : "\(one.activity) (\(one.percent)%)"
            table.add(
                one.id, Moments.text(one.startedAt), one.package, one.operation, one.version, one.previous, result,
                one.reason)
        }
        console.table(table)
        return .done
    }

    private func show(_ one: DeploymentInfo) {
        if console.isJSON { return console.json(JSON(one)) }
        var table = TextTable("FIELD", "VALUE")
        table.add("id", one.id)
        table.add("package", one.package)
        table.add("operation", one.operation)
        table.add("version", one.version)
        table.add("version before", one.previous)
        table.add("result", one.hasEnded ? one.result.text : "\(one.activity) (\(one.percent)%)")
        table.add("reason", one.reason)
        table.add("started at", Moments.text(one.startedAt))
        table.add("ended at", Moments.text(one.endedAt))
        table.add("took", one.hasEnded ? Moments.span(one.endedAt - one.startedAt) : "")
        table.add("downtime", one.downtime > .zero ? "\(Int(one.downtime / .milliseconds(1))) ms" : "")
        table.rows.removeAll { $0[1].isEmpty }
        console.table(table)
    }

    /// Calls a daemon; a failure names the daemon that does not answer.
    func asking<Value: Sendable>(
        _ service: String, _ body: () async throws(ContractError) -> Value
    ) async throws(Failure) -> Value {
        do throws(ContractError) {
            return try await body()
        } catch {
            throw Failure(error, asking: service)
        }
    }

    private static func text(_ value: AgentValue) -> String {
        switch value.value {
        case .string(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .double(let number): "\(number)"
        case .bytes(let bytes): bytes.hexadecimal
        case .int64(let number) where value.type == "time": Moments.text(number)
        case .int64(let number): "\(number)"
        case .uint64(let number): "\(number)"
        default: value.value.integer.map { "\($0)" } ?? value.value.text ?? ""
        }
    }
}

extension PackageInfo {
    /// In a table.
    var stateText: String {
        switch state {
        case .absent: "removed, configuration kept"
        case .installed:
            units.isEmpty ? "installed" : isActive ? "active" : isEnabled ? "not active (enabled)" : "inactive"
        }
    }

    /// Why its last deployment ended badly, with the version that this is about where it is not the installed one.
    var note: String {
        reason.isEmpty || reasonVersion.isEmpty || reasonVersion == version ? reason : "\(reasonVersion): \(reason)"
    }
}
