import Glibc
import Linux
import State
import TestSupport
import Testing

@testable import Configuration

@Suite struct ConfigurationStoreTests {
    private static let good = "[Server main]\nURI=coap://a.example\nLifetime=300\n"

    private struct Rig {
        let folder: TemporaryDirectory
        var store: ConfigurationStore<AgentConfiguration> {
            ConfigurationStore(
                ConfigurationFiles("gatekeeld.conf", roots: ["\(folder.path)/etc"]), keptIn: "\(folder.path)/kept")
        }

        init() throws {
            folder = try TemporaryDirectory("configuration-store")
            try Files.makeDirectories("\(folder.path)/etc/gatekeeld.conf.d", mode: 0o755)
        }

        func write(_ name: String, _ text: String) throws {
            try Files.replace("\(folder.path)/etc/\(name)", with: Array(text.utf8))
        }
    }

    @Test func aBrokenConfigurationIsReplacedByTheLastOneThatWorked() throws {
        let rig = try Rig()
        try rig.write("gatekeeld.conf", "[Agent]\nEndpoint=gw\n")
        // Without a final newline: the files do not run into each other.
        try rig.write("gatekeeld.conf.d/main.conf", Self.good + "# end")
        let first = try rig.store.readOrKept()
        #expect(first.refused == nil)
        try rig.store.keep(first.snapshot)

        try rig.write("gatekeeld.conf.d/main.conf", "[Server main]\nURI=coap://b.example\nLifetime=never\n")
        let second = try rig.store.readOrKept()
        #expect(second.configuration == first.configuration)
        #expect(second.configuration.servers.map(\.uri.host) == ["a.example"])
        #expect(second.configuration.endpoint == "gw")
        #expect(second.refused?.problems.map(\.key) == ["Lifetime"])
        // A reload goes by the files alone.
        #expect(throws: ConfigurationError.self) { try rig.store.read() }
    }

    @Test func withoutAKeptCopyTheErrorsAreThrown() throws {
        let rig = try Rig()
        try rig.write("gatekeeld.conf", "[Nonsense]\n")
        let error = #expect(throws: NoConfiguration.self) { try rig.store.readOrKept() }
        #expect(error?.kept == NoConfiguration.Kept.none && error?.mayPass == false)
    }

    /// An error is no absence: the copy is there, and what is kept next must not take its place.
    @Test(arguments: [EIO, EACCES]) func aCopyThatCannotBeReadIsNotTakenForNone(code: Int32) throws {
        let rig = try Rig()
        let kept = "\(rig.folder.path)/kept"
        try rig.write("gatekeeld.conf", Self.good)
        try rig.store.keep(try rig.store.read().snapshot)
        let before = try Files.read(kept, limit: 1 << 20)
        ReadFaults.set(code, for: kept)
        defer { ReadFaults.set(nil, for: kept) }
        // Another one works, and cannot be compared with the copy.
        try rig.write("gatekeeld.conf", "[Agent]\nEndpoint=gw\n")
        let another = try rig.store.read().snapshot
        let unkept = #expect(throws: Errno.self) { try rig.store.keep(another) }
        #expect(unkept?.code == code)
        try rig.write("gatekeeld.conf", "[Nonsense]\n")
        let error = #expect(throws: NoConfiguration.self) { try rig.store.readOrKept() }
        #expect(error?.mayPass == true && error?.keptText.contains("cannot be read") == true)
        #expect(error?.refused.problems.isEmpty == false)
        ReadFaults.set(nil, for: kept)
        #expect(try Files.read(kept, limit: 1 << 20) == before)
        #expect(try rig.store.readOrKept().configuration.servers.map(\.name) == ["main"])
    }

    @Test func aCopyOfANewerReleaseIsKeptAndTold() throws {
        let rig = try Rig()
        let kept = "\(rig.folder.path)/kept"
        let newer = CheckedFile.checked("gatekeel-configuration 2\nanything\n".utf8)
        try Files.replace(kept, with: newer)
        try rig.write("gatekeeld.conf", Self.good)
        let snapshot = try rig.store.read().snapshot
        #expect(throws: Errno.self) { try rig.store.keep(snapshot) }
        #expect(try Files.read(kept, limit: 1 << 20) == newer)
        try rig.write("gatekeeld.conf", "[Nonsense]\n")
        let error = #expect(throws: NoConfiguration.self) { try rig.store.readOrKept() }
        #expect(error?.kept == .newer(kept) && error?.mayPass == false)
        #expect(error?.keptText.contains("newer release") == true)
    }

    @Test func aDamagedCopyIsNotUsed() throws {
        let rig = try Rig()
        try rig.write("gatekeeld.conf", Self.good)
        try rig.store.keep(try rig.store.read().snapshot)
        try rig.write("gatekeeld.conf", "[Nonsense]\n")
        #expect(throws: Never.self) { try rig.store.readOrKept() }
        try Files.replace("\(rig.folder.path)/kept", with: Array("gatekeel-configuration 1\n".utf8))
        #expect(throws: NoConfiguration.self) { try rig.store.readOrKept() }
    }

    @Test func theSameConfigurationIsWrittenOnce() throws {
        let rig = try Rig()
        try rig.write("gatekeeld.conf", Self.good)
        let loaded = try rig.store.read()
        try rig.store.keep(loaded.snapshot)
        let before = try FileDescriptor.open("\(rig.folder.path)/kept").status().st_ino
        try rig.store.keep(loaded.snapshot)
        #expect(try FileDescriptor.open("\(rig.folder.path)/kept").status().st_ino == before)
    }

    @Test func whatIsKeptComesBackByteForByte() throws {
        let snapshot = ConfigurationSnapshot(files: [
            .init(path: "/etc/a b\nc", bytes: [0, 0x0A, 0xFF]), .init(path: "/etc/empty", bytes: []),
        ])
        #expect(try ConfigurationSnapshot(kept: snapshot.kept) == snapshot)
        for end in 1..<snapshot.kept.count - 1 {
            let cut = try ConfigurationSnapshot(kept: Array(snapshot.kept[..<end]))
            #expect(cut != snapshot)
        }
        for text in ["", "x", "gatekeel-configuration 1\nfile 1 99999999\na", "gatekeel-configuration 1\nfile -1 1\n"] {
            #expect(try ConfigurationSnapshot(kept: Array(text.utf8)) == nil)
        }
    }

    @Test func oneThatIsTooLargeIsNotKept() throws {
        let rig = try Rig()
        let large = ConfigurationSnapshot(files: [
            .init(path: "/a", bytes: [UInt8](repeating: 0x23, count: ConfigurationSnapshot.keptLimit))
        ])
        #expect(throws: Errno.self) { try rig.store.keep(large) }
    }
}
