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
        _ runs: [String], limit: Int = 1000, before: String? = nil
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
        try Files.replace("\(folder.path)/program", with: script.utf8, mode: 0o755)
        let program = "\(folder.path)/program"
        let failure = await onLoop {
            let fetcher = ProcessFetcher(
                program: program, limit: limit, deadline: .seconds(60), scheduler: HurriedScheduler())
            do throws(FetchFailure) {
                try await fetcher.fetch("https://u:secret@h/x?token=1", to: path)
                return FetchFailure?.none
            } catch {
                return error
            }
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
        try Files.replace(program, with: script.utf8, mode: 0o755)
        let size = await onLoop {
            var size: Int?
            // As if it were killed while it keeps the validator.
            let keep: @LoopActor (String?) throws -> Void = { _ in
                size = Int(try FileDescriptor.open(path).status().st_size)
                throw Errno(EIO, "killed")
            }
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let request = FetchRequest(uri: "http://h/x")
                while true {
                    do {
                        _ = try Download(program: program, request, into: path, keep: keep) { _ in
                            continuation.resume()
                        }
                    } catch let error as Errno where error.code == ETXTBSY {
                        // A child that another test forked just then still holds the script open for writing.
                        continue
                    } catch {
                        continuation.resume()
                    }
                    break
                }
            }
            return size
        }
        #expect(size == 0)
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

    @Test func triesWithoutAByteAreBounded() async throws {
        let result = try await fetch([String](repeating: "echo 'error 52 retry nobody there' >&3", count: 20))
        #expect(result.failure?.result == .connectionLost)
        #expect(result.asked.count == 10)
    }

    @Test func nonsenseOnTheStatusPipeIsRefused() async throws {
        let result = try await fetch(["echo 'body zero' >&3; sleep 60"])
        #expect(result.failure?.result == .deviceError)
    }

    @Test func aProgramThatIsNotThereIsAFailure() async throws {
        let failure = await onLoop {
            let fetcher = ProcessFetcher(
                program: "/nonexistent", limit: 1, deadline: .seconds(60), scheduler: HurriedScheduler())
            do throws(FetchFailure) {
                try await fetcher.fetch("http://h/x", to: "/tmp/gatekeel-no-such-file")
                return FetchFailure?.none
            } catch {
                return error
            }
        }
        unlink("/tmp/gatekeel-no-such-file")
        #expect(failure?.result == .deviceError)
    }
}

/// Short delays pass at once, so that pauses between tries cost no time; long ones (deadlines) never come.
@LoopActor
private final class HurriedScheduler: Scheduler {
    var now: Duration { LoopScheduler.shared.now }

    func schedule(after delay: Duration, _ handler: @escaping @LoopActor () -> Void) -> any Scheduled {
        // The deadline of 60 s is measured from before the pauses, which are all shorter than half a minute here.
        LoopScheduler.shared.schedule(after: delay > .seconds(50) ? delay : .milliseconds(1), handler)
    }
}
