import Bus
import Contract
import EventLoop
import Glibc
import JSON
import Linux

/// `install`, `remove`, `activate`, `deactivate`, `rollback`: start a deployment and follow it.
@LoopActor
struct ChangeCommands {
    let console: Console
    let gateway: any Gateway
    let invocation: Invocation
    var scheduler: any Scheduler = LoopScheduler.shared

    private var waits: Bool { !invocation.has("no-wait") }

    func install() async throws(Failure) -> ExitCode {
        var options = InstallOptions(
            allowDowngrade: invocation.has("allow-downgrade"), reinstall: invocation.has("reinstall"))
        if let text = invocation.options["activate"] {
            guard let activation = InstallOptions.Activation(rawValue: text) else {
                throw Failure(.usage, "--activate=\(text): expected restore, yes or no")
            }
            options.activation = activation
        }
        let staged = try await stage(invocation.arguments[0])
        console.line(
            "\(staged.name) \(staged.version) (\(staged.architecture)), "
                + (staged.signer.isEmpty ? "not signed" : "signed by \(staged.signer)"))
        for warning in staged.warnings { console.complain("warning: \(warning)") }
        let code: ExitCode
        do throws(Failure) {
            code = try await follow { () async throws(ContractError) in
                try await gateway.install(staged.token, options)
            }
        } catch {
            // No one else knows its token, and staged packages take space. A package that is being installed stays.
            try? await gateway.discard(staged.token)
            throw error
        }
        if code == .failed || code == .rolledBack { try? await gateway.discard(staged.token) }
        if code == .done, waits, let package = try? await gateway.package(staged.name),
            !package.isActive,
            !package.units.isEmpty
        {
            console.line("\(package.name) is not active; 'gatekeel activate \(package.name)' starts it.")
        }
        return code
    }

    func remove() async throws(Failure) -> ExitCode {
        let purge = invocation.has("purge")
        return try await follow { () async throws(ContractError) in
            try await gateway.remove(invocation.arguments[0], purge: purge)
        }
    }

    func activate() async throws(Failure) -> ExitCode {
        try await follow { () async throws(ContractError) in try await gateway.activate(invocation.arguments[0]) }
    }

    func deactivate() async throws(Failure) -> ExitCode {
        try await follow { () async throws(ContractError) in try await gateway.deactivate(invocation.arguments[0]) }
    }

    func rollback() async throws(Failure) -> ExitCode {
        try await follow { () async throws(ContractError) in try await gateway.rollback(invocation.arguments[0]) }
    }

    func discard() async throws(Failure) -> ExitCode {
        do throws(ContractError) {
            try await gateway.discard(invocation.arguments[0])
        } catch {
            throw Failure(error, asking: "gatekeel-installd")
        }
        if console.isJSON { console.json(["done": true]) } else { console.line("the package is dropped") }
        return .done
    }

    /// `watch`: follows a deployment that has begun, by default the one that is running.
    func watch() async throws(Failure) -> ExitCode {
        let given = invocation.arguments.first
        return try await follow { () async throws(ContractError) in
            if let given { return try await gateway.deployment(given).id }
            guard let running = try await gateway.deployments(limit: 1).first, !running.hasEnded else {
                throw ContractError(
                    .notFound, "no deployment is running; 'gatekeel history' lists those that have ended")
            }
            return running.id
        }
    }

    /// Hands the file over as a descriptor: it is opened with the caller's rights, not with the daemon's.
    private func stage(_ path: String) async throws(Failure) -> StagedInfo {
        let file: FileDescriptor
        do throws(Errno) {
            if path == "-" {
                file = try Self.standardInput()
            } else {
                file = try FileDescriptor.open(path)
            }
        } catch {
            throw error.code == ENOSPC || error.code == EDQUOT ? Failure(writing: error) : Failure(.noInput, "\(error)")
        }
        console.bar(percent: 0, "\(path): handing over and checking")
        // Staged packages never expire: discard this one after Ctrl-C.
        let interruption = Interruption()
        gateway.onInterrupt {
            interruption.came = true
            console.complain("the package is dropped as soon as the installer has checked it")
        }
        let staged = try await stage(BusDescriptor(file), interruption)
        guard interruption.came else { return staged }
        try? await gateway.discard(staged.token)
        throw Failure(.interrupted, "nothing was installed")
    }

    /// Waits while the installer is receiving as many packages as it takes at once, or is between two releases.
    private func stage(_ file: BusDescriptor, _ interruption: Interruption) async throws(Failure) -> StagedInfo {
        var hasWaited = false
        while true {
            do throws(ContractError) {
                return try await gateway.stage(file)
            } catch {
                guard error.code == .busy, waits else { throw Failure(error, asking: "gatekeel-installd") }
                if !hasWaited { console.complain("waiting for the installer: \(error.text)") }
            }
            hasWaited = true
            if !interruption.came { await scheduler.sleep(for: .seconds(2)) }
            if interruption.came { throw Failure(.interrupted, "nothing was installed") }
        }
    }

    private final class Interruption { var came = false }

    /// A file as it is. The installer takes only files: the bytes of a pipe are put into a file without a name first.
    private static func standardInput() throws(Errno) -> FileDescriptor {
        let input = FileDescriptor(owning: try retrying("read standard input") { fcntl(0, F_DUPFD_CLOEXEC, 3) })
        guard try input.status().st_mode & S_IFMT != S_IFREG else { return input }
        let file = try FileDescriptor.unnamed(in: "/var/tmp")
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
        defer { buffer.deallocate() }
        let raw = input.raw
        while true {
            let count = try retrying("read standard input") { read(raw, buffer.baseAddress, buffer.count) }
            if count == 0 { break }
            try file.write(Array(buffer[..<count]))
        }
        return file
    }

    private func follow(_ start: () async throws(ContractError) -> String) async throws(Failure) -> ExitCode {
        let line = ProgressLine(console, scheduler: scheduler)
        defer { line.stop() }
        let ending: DeploymentWatch.Ending
        do throws(ContractError) {
            guard waits else {
                let id = try await start()
                if console.isJSON { console.json(["id": .string(id)]) } else { console.text("\(id)\n") }
                return .done
            }
            let watch = DeploymentWatch(gateway, scheduler: scheduler) {
                line.show($0)
            } notice: {
                console.complain($0)
            }
            ending = try await watch.follow(start)
        } catch {
            throw Failure(error, asking: "gatekeel-installd")
        }
        return try await report(ending)
    }

    private func report(_ ending: DeploymentWatch.Ending) async throws(Failure) -> ExitCode {
        switch ending {
        case .ended(let info):
            if console.isJSON {
                console.json(JSON(info))
            } else if info.result == .done {
                let hasUnits = (try? await gateway.package(info.package))?.units.isEmpty != true
                console.line(hasUnits ? info.outcome : info.outcomeWithoutUnits)
            } else {
                console.complain(info.outcome)
            }
            return info.exitCode
        case .interrupted(hasBegun: true):
            throw Failure(
                .interrupted,
                "the deployment continues in gatekeel-installd; 'gatekeel watch' follows it, 'gatekeel history' shows "
                    + "how it ended")
        case .interrupted(hasBegun: false):
            throw Failure(.interrupted, "nothing was begun")
        case .lost(let error): throw Failure(error, asking: "gatekeel-installd")
        }
    }
}
