import EventLoop
import FetchProtocol
import Glibc
import HostObjects
import Linux
import TestSupport
import Testing

@testable import Agent

/// The agent's side of a download; a script plays gatekeel-fetch, run by run.
@Suite struct ProcessFetcherTests {
    /// Runs a download; `runs` are the bodies of the script for its first, second, … run. Gives what the program was asked.
    private func fetch(
        _ runs: [String], limit: Int = 1000, before: String? = nil,
        reserve: DiskReserve = DiskReserve(percent: 0, minimum: 0)
    ) async throws -> (file: String, asked: [String], failure: FetchFailure?) {
        let folder = try TemporaryDirectory("fetcher")
        let path = "\(folder.path)/0.package"
        if let before {
            try Files.replace(path, with: before.utf8)
            try Files.replace("\(path).validator", with: "\"v1\"".utf8)
        }
        var script = """
            #!/bin/bash
            cd '\(folder.path)'
            n=$(ls asked.* 2>/dev/null | wc -l)
            cat > asked.$n
            case $n in

            """
        for (index, run) in runs.enumerated() { script += "\(index)) \(run) ;;\n" }
        script += "esac\n"
        try writeProgram(script, to: "\(folder.path)/program")
        let program = "\(folder.path)/program"
        // As object 9 does it: attempts for the same file, until one succeeds or is final.
        let failure = await onLoop {
            let fetcher = ProcessFetcher(program: program)
            let order = FetchOrder(
                uri: "https://u:secret@h/x?token=1", path: path, limit: limit, reserve: reserve, allowsLocal: true)
            for _ in runs {
                let end = await fetcher.fetch(FetchAttempt(order))
                guard let failure = end.failure else { return FetchFailure?.none }
                if failure.chance == .final { return failure }
            }
            return FetchFailure(.connectionLost, "no attempt is left", .retry)
        }
        let asked = try runs.indices.compactMap { index -> String? in
            let name = "\(folder.path)/asked.\(index)"
            guard (try? Files.exists(name)) == true else { return nil }
            return String(decoding: try Files.read(name, limit: 10000), as: UTF8.self)
        }
        let bytes = try Files.exists(path) ? try Files.read(path, limit: 10000) : []
        return (String(decoding: bytes, as: UTF8.self), asked, failure)
    }

    @Test func theBodyBecomesTheFile() async throws {
        let result = try await fetch([
            "printf 'size 5\\nvalidator \"v1\"\\nbody 0\\n' >&3; printf hello; echo done 5 >&3"
        ])
        #expect(result.failure == nil)
        #expect(result.file == "hello")
        #expect(result.asked.count == 1)
        #expect(result.asked[0].contains("uri https://u:secret@h/x?token=1\n"))
        #expect(result.asked[0].contains("offset 0\n") && result.asked[0].contains("limit 1000\n"))
    }

    @Test func aLostConnectionIsResumedWhereItStopped() async throws {
        let result = try await fetch([
            "printf 'validator \"v7\"\\nbody 0\\n' >&3; printf hel; echo 'error 52 retry gone' >&3",
            "printf 'validator \"v7\"\\nbody 3\\n' >&3; printf lo; echo done 2 >&3",
        ])
        #expect(result.failure == nil)
        #expect(result.file == "hello")
        #expect(result.asked[1].contains("offset 3\n") && result.asked[1].contains("validator \"v7\"\n"))
    }

    @Test func anAgentThatWasKilledGoesOn() async throws {
        let result = try await fetch(
            ["printf 'validator \"v1\"\\nbody 3\\n' >&3; printf lo; echo done 2 >&3"], before: "hel")
        #expect(result.file == "hello")
        #expect(result.asked[0].contains("offset 3\n"))
    }

    @Test func aResourceThatChangedBeginsAnew() async throws {
        let result = try await fetch(
            ["printf 'validator \"v2\"\\nbody 0\\n' >&3; printf new; echo done 3 >&3"], before: "something longer")
        #expect(result.file == "new")
    }

    @Test func bytesOfTheOldResourceAreGoneBeforeItsValidatorIs() async throws {
        let folder = try TemporaryDirectory("fetcher")
        let path = "\(folder.path)/0.package"
        try Files.replace(path, with: "something longer".utf8)
        let program = "\(folder.path)/program"
        let script =
            "#!/bin/bash\ncat > /dev/null\nprintf 'validator \"v2\"\\nbody 0\\n' >&3\nprintf new\necho done 3 >&3\n"
        try writeProgram(script, to: program)
        // The folder of the validator is not there: keeping it fails, as if the agent was killed over it.
        let failure = await onLoop {
            while true {
                let failure: FetchError? = await withCheckedContinuation { continuation in
                    let none = DiskReserve(percent: 0, minimum: 0)
                    let order = FetchOrder(uri: "http://h/x", path: path, limit: 100, reserve: none, allowsLocal: true)
                    do {
                        _ = try Download(
                            program: program, FetchRequest(uri: "http://h/x"),
                            into: PackageFile(path, keeping: true, reserve: none),
                            DownloadValidator(path: "\(folder.path)/nowhere/x"), FetchAttempt(order)
                        ) { continuation.resume(returning: $0) }
                    } catch {
                        continuation.resume(returning: FetchError(.outOfMemory, .retry, "\(error)"))
                    }
                }
                // A child that another test forked just then still holds the script open for writing.
                if failure?.result != .outOfMemory { return failure }
            }
        }
        #expect(failure?.result == .other && failure?.text.hasPrefix("storage:") == true)
        #expect(try FileDescriptor.open(path).size() == 0)
    }

    @Test func whatIsFinalEndsAtOnceAndKeepsNoSecret() async throws {
        let result = try await fetch(["echo 'error 56 final the server says 404' >&3"])
        #expect(result.failure == FetchFailure(.invalidURI, "invalid-uri: the server says 404"))
        #expect(result.asked.count == 1)
    }

    @Test func aProgramThatDiesIsALostConnection() async throws {
        let result = try await fetch([
            "printf 'body 0\\n' >&3; printf he; kill -9 $$", "printf 'body 0\\n' >&3; printf hello; echo done 5 >&3",
        ])
        #expect(result.failure == nil)
        #expect(result.file == "hello")
    }

    @Test func whatTheProgramSaysOfItsChancesIsPassedOn() async throws {
        for (word, chance) in [("retry", .retry), ("unlikely", .unlikely), ("final", .final)]
            as [(String, FetchFailure.Chance)]
        {
            let result = try await end("echo 'error 52 \(word) nobody there' >&3")
            #expect(
                result == FetchEnd(FetchFailure(.connectionLost, "connection-lost: nobody there", chance), received: 0))
        }
    }

    /// One attempt with a script as the program.
    private func end(
        _ script: String, reserve: DiskReserve = DiskReserve(percent: 0, minimum: 0),
        started: @escaping @Sendable @LoopActor (FetchAttempt) -> Void = { _ in }
    ) async throws -> FetchEnd {
        let folder = try TemporaryDirectory("fetcher")
        let (program, path) = ("\(folder.path)/program", "\(folder.path)/0.package")
        try writeProgram("#!/bin/bash\ncat > /dev/null\n\(script)\n", to: program)
        return await onLoop {
            let order = FetchOrder(uri: "http://h/x", path: path, limit: 1000, reserve: reserve, allowsLocal: false)
            while true {
                let attempt = FetchAttempt(order) { started($0) }
                let end = await ProcessFetcher(program: program).fetch(attempt)
                // A child that another test forked just then still holds the script open for writing.
                if end.failure?.reason.contains("busy") == true { continue }
                return end
            }
        }
    }

    @Test func aCancelledAttemptEndsTheProgramAndKeepsItsBytes() async throws {
        let end = try await end("printf 'size 9\\nbody 0\\n' >&3; printf hello; exec sleep 600") { attempt in
            #expect(attempt.stored == 5 && attempt.total == 9)
            attempt.cancel()
        }
        #expect(end.received == 5 && end.failure?.chance == .retry)
    }

    @Test func theReserveIsKeptFromTheSizeOn() async throws {
        let end = try await end(
            "printf 'size 9\\nbody 0\\n' >&3; exec sleep 600", reserve: DiskReserve(percent: 0, minimum: 1 << 60))
        #expect(end.failure?.result == .noStorage && end.failure?.chance == .final)
        #expect(end.failure?.reason.contains("DiskReserve=") == true)
    }

    @Test func nonsenseOnTheStatusPipeIsRefused() async throws {
        let result = try await fetch(["echo 'body zero' >&3; exec sleep 60"])
        #expect(result.failure?.result == .deviceError)
    }

    @Test(
        .enabled(
            if: Spawning.reportsMissingPrograms,
            "SKIPPED: posix_spawn(3) does not report here that a program is missing, as under qemu-user"))
    func aProgramThatIsNotThereIsAFailure() async throws {
        let folder = try TemporaryDirectory("fetcher")
        let end = await onLoop {
            await ProcessFetcher(program: "/nonexistent").fetch(
                FetchAttempt(
                    FetchOrder(
                        uri: "http://h/x", path: "\(folder.path)/x", limit: 1,
                        reserve: DiskReserve(percent: 0, minimum: 0), allowsLocal: false)))
        }
        #expect(end.failure?.result == .deviceError)
    }
}
