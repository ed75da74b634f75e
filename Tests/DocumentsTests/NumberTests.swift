import Archive
import Configuration
import Deployment
import HostObjects
import Journal
import Packages
import Testing

/// Numbers that the documents list are those of the programs, and none is missing.
@Suite struct NumberTests {
    @Test func everyMessageThatAsksForAttentionIsListed() throws {
        let listed = try Document("docs/fleet.md").spans.filter { $0.count == 32 && $0.allSatisfy(\.isHexDigit) }
        let wanted = Event.allCases.filter { $0.level <= .warning }.map(\.messageID)
        #expect(listed.sorted() == wanted.sorted())
    }

    @Test func theLimitsOfPackagesAreListed() throws {
        let rows = try Document("docs/fleet.md").prose
        func isListed(_ name: String, _ value: String) -> Bool {
            rows.contains { $0.hasPrefix("| \(name)") && $0.contains("| \(value)") }
        }
        let limits = ArchiveLimits()
        let listed: [(String, String)] = [
            ("files, folders and links in a package", "\(limits.entries / 1000),000 "),
            ("length of a path", "1,0\(limits.pathBytes - 1000) bytes, \(limits.depth) folders"),
            ("name of a unit", "\(PackageLimits.nameBytes) bytes"),
            ("dictionary of xz", "\(limits.windowBytes >> 20) MiB"),
            ("units of a package", "\(PackageLimits.units) |"),
            ("units, drop-ins", "\(PackageLimits.readFiles), with \(PackageLimits.readBytes >> 20) MiB"),
            ("configuration files", "\(PackageLimits.conffiles / 1000),000, "),
            ("folders beneath", "\(PackageLimits.hostPaths / 1000),000 |"),
            ("folders that systemd makes", "\(PackageLimits.hostPaths / 1000),000 |"),
            ("units of others", "\(PackageLimits.hostPaths / 1000),000 |"),
            ("paths of configuration files", "\(PackageLimits.hostPathBytes >> 20) MiB"),
            ("reasons and warnings", "\(PackageLimits.findings) each; \(PackageLimits.sameFindings) "),
            ("packages in the store", "\(Policy.maxPackages) |"),
        ]
        for (name, value) in listed { #expect(isListed(name, value), "\(name): \(value)") }
        #expect(isListed("packages that wait for Install", "\(SoftwareManagement.heldPackages);"))
        #expect(SoftwareManagement.heldPackages == Policy().maxStaged)
        #expect(InstallerConfiguration().install.maxEntries == limits.entries)
    }

    @Test func everyErrorCodeOfOurOwnIsListed() throws {
        let rows = try Document("docs/troubleshooting.md").prose
        for error in DeviceError.allCases where error.rawValue >= 16 {
            let found = rows.contains { $0.hasPrefix("| \(error.rawValue) |") }
            #expect(found, "Error Code \(error.rawValue) (\(error))")
        }
    }

    @Test func everyUpdateResultOfAFailureIsListed() throws {
        let rows = try Document("docs/troubleshooting.md").prose
        for result in UpdateResult.allCases where result.rawValue >= 50 {
            let found = rows.contains { $0.hasPrefix("| \(result.rawValue) |") }
            #expect(found, "Update Result \(result.rawValue) (\(result))")
        }
    }
}
