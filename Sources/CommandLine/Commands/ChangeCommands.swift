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

    func install() async throws(Failure) -> ExitCode {
        var options = InstallOptions(allowDowngrade: invocation.has("allow-downgrade"))
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
            // Nobody else knows of it, and staged packages take space. What is being installed all the same stays.
            try? await gateway.discard(staged.token)
            throw error
        }
        if code == .failed || code == .rolledBack { try? await gateway.discard(staged.token) }
        if code == .done, !invocation.has("no-wait"), let package = try? await gateway.package(staged.name),
            !package.isActive,
            !package.units.isEmpty
        {
            console.line("It is not active; \"gatekeel activate \(package.name)\" starts it.")
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
            throw Failure(.noInput, "\(error)")
        }
        console.bar(percent: 0, "\(path): handing over and checking")
        // Without an end in sight the installer would keep for ever what nobody waits for any more.
        let interruption = Interruption()
        gateway.onInterrupt {
            interruption.came = true
            console.complain("the package is dropped as soon as the installer has looked at it")
        }
        let staged: StagedInfo
        do throws(ContractError) {
            staged = try await gateway.stage(BusDescriptor(file))
        } catch {
            throw Failure(error, asking: "gatekeel-installd")
        }
        guard interruption.came else { return staged }
        try? await gateway.discard(staged.token)
        throw Failure(.interrupted, "nothing was installed")
    }

    private final class Interruption { var came = false }

    /// A file as it is; what comes through a pipe is put into a file without a name first, for the installer takes files only.
    private static func standardInput() throws(Errno) -> FileDescriptor {
        let input = FileDescriptor(owning: try retrying("read standard input") { fcntl(0, F_DUPFD_CLOEXEC, 3) })
        guard try input.status().st_mode & S_IFMT != S_IFREG else { return input }
        let file = try unnamedFile()
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

    private static func unnamedFile() throws(Errno) -> FileDescriptor {
        var template = Array("/var/tmp/gatekeel-XXXXXX".utf8CString)
        let raw = try retrying("make a file in /var/tmp") { mkstemp(&template) }
        unlink(template)
        return FileDescriptor(owning: raw)
    }

    private func follow(_ start: () async throws(ContractError) -> String) async throws(Failure) -> ExitCode {
        do throws(ContractError) {
            if invocation.has("no-wait") {
                let id = try await start()
                if console.isJSON { console.json(["id": .string(id)]) } else { console.text("\(id)\n") }
                return .done
            }
            var shown = ""
            let watch = DeploymentWatch(gateway) { info in
                console.bar(percent: info.percent, "\(info.subject): \(info.activity)")
                if !console.isTerminal, !info.state.isEmpty, info.activity != shown {
                    shown = info.activity
                    console.line("\(info.subject): \(info.activity)")
                }
            } notice: {
                console.complain($0)
            }
            return try report(try await watch.follow(start))
        } catch {
            throw Failure(error, asking: "gatekeel-installd")
        }
    }

    private func report(_ ending: DeploymentWatch.Ending) throws(ContractError) -> ExitCode {
        switch ending {
        case .ended(let info):
            if console.isJSON {
                console.json(JSON(info))
            } else if info.result == .done {
                console.line(info.outcome)
            } else {
                console.complain(info.outcome)
            }
            return info.exitCode
        case .interrupted:
            console.complain("the deployment goes on in gatekeel-installd; \"gatekeel history\" shows how it ends")
            return .interrupted
        case .lost(let error): throw error
        }
    }
}
