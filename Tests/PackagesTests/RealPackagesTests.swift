import Glibc
import Linux
import Archive
import Testing

@testable import Packages

/// Unmodified daemons of Debian's archive, from the folder of `.deb` files that `GATEKEEL_TEST_DEBS` names.
private let folder = getenv("GATEKEEL_TEST_DEBS").map { String(cString: $0) } ?? ""

@Suite(.enabled(if: !folder.isEmpty, "GATEKEEL_TEST_DEBS names no folder of Debian packages"))
struct RealPackagesTests {
    /// Unpacks a package with dpkg-deb and audits it.
    private func audit(_ name: String, manifest: String? = nil) throws -> Result<PackagePlan, PackageRefusal> {
        let file = try #require(try Files.names(in: folder).first { $0.hasPrefix("\(name)_") && $0.hasSuffix(".deb") })
        let root = "/tmp/gatekeel-audit-\(getpid())-\(UInt64.random(in: 0 ... .max))-\(name)"
        defer { _ = system("rm -rf \(root)") }
        #expect(system("dpkg-deb -R '\(folder)/\(file)' \(root)") == 0)
        var control: [String: [UInt8]] = [:]
        for member in try Files.names(in: "\(root)/DEBIAN") {
            control[member] = try Files.read("\(root)/DEBIAN/\(member)", limit: 1 << 20)
        }
        do throws(PackageRefusal) {
            var audit = try PackageAudit(controlFiles: control, manifest: manifest.map { Array($0.utf8) })
            try walk(root, "", &audit)
            return .success(try audit.plan(known: satisfying(audit.control)))
        } catch {
            return .failure(error)
        }
    }

    /// A host that has all dependencies of a package.
    private func satisfying(_ control: PackageControl) -> [KnownPackage] {
        (control.depends + control.preDepends).compactMap { dependency in
            guard let relation = dependency.alternatives.first,
                let version = relation.condition?.version ?? DebianVersion("1")
            else { return nil }
            return KnownPackage(
                name: relation.name, version: version, architecture: "all", multiArch: .allowed, source: .dpkg)
        }
    }

    private func walk(_ root: String, _ path: String, _ audit: inout PackageAudit) throws(PackageRefusal) {
        for name in (try? Files.names(in: "\(root)/\(path)")) ?? [] where path != "" || name != "DEBIAN" {
            let child = path.isEmpty ? name : "\(path)/\(name)"
            var status = stat()
            lstat("\(root)/\(child)", &status)
            let kind: ArchiveEntry.Kind
            switch status.st_mode & S_IFMT {
            case S_IFDIR: kind = .directory
            case S_IFLNK:
                var target = [CChar](repeating: 0, count: 4096)
                let length = readlink("\(root)/\(child)", &target, 4095)
                kind = .symbolicLink(
                    target: String(decoding: target.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self))
            default: kind = .file
            }
            let entry = ArchiveEntry(path: child, kind: kind, mode: status.st_mode & 0o7777, size: status.st_size)
            if try audit.consider(entry), let bytes = try? Files.read("\(root)/\(child)", limit: 1 << 20) {
                audit.take(bytes, of: entry)
            }
            if kind == .directory { try walk(root, child, &audit) }
        }
    }

    @Test func rinetdNeedsNoManifest() throws {
        let plan = try audit("rinetd").get()
        #expect(plan.units.map(\.name) == ["rinetd.service"])
        #expect(
            plan.units.allSatisfy { $0.isEnabled && $0.isStarted && $0.path == "usr/lib/systemd/system/rinetd.service" }
        )
        #expect(plan.conffiles.map(\.path).contains("/etc/rinetd.conf"))
        #expect(!plan.conffiles.contains { $0.path.hasPrefix("/etc/init.d") })
        #expect(plan.tmpfilesLines.isEmpty)
        #expect(plan.warnings.map(\.file) == ["etc/ppp/ip-up.d/rinetd"])
    }

    @Test func mosquittoNeedsAManifest() throws {
        guard case .failure(let refusal) = try audit("mosquitto") else {
            Issue.record("mosquitto creates a user in its postinst, which must be refused")
            return
        }
        #expect(refusal.findings.map { "\($0.file):\($0.line)" } == ["postinst:8", "postrm:10"])
        let manifest = """
            [Package]
            Format=1
            [Users]
            User=mosquitto:/var/lib/mosquitto
            [Directories]
            Directory=/var/lib/mosquitto:mosquitto /var/log/mosquitto:mosquitto
            [Scripts]
            Skip=postinst postrm
            """
        let plan = try audit("mosquitto", manifest: manifest).get()
        #expect(plan.units.map(\.name) == ["mosquitto.service"])
        #expect(plan.sysusersLines == ["u mosquitto - \"mosquitto\" /var/lib/mosquitto -"])
        #expect(plan.tmpfilesLines.contains("d /var/lib/mosquitto 0755 mosquitto mosquitto -"))
        #expect(plan.conffiles.map(\.path).contains("/etc/mosquitto/mosquitto.conf"))
    }

    @Test func otherPackagesGetAVerdict() throws {
        for file in try Files.names(in: folder) where file.hasSuffix(".deb") {
            let name = String(file.prefix { $0 != "_" })
            switch try audit(name) {
            case .success(let plan):
                print(
                    "\(name): fits; \(plan.units.map { "\($0.name)\($0.isEnabled ? "+e" : "")\($0.isStarted ? "+s" : "")" })"
                )
                for line in plan.tmpfilesLines { print("    \(line)") }
                for warning in plan.warnings { print("    warning \(warning)") }
            case .failure(let refusal):
                print("\(name): refused")
                for finding in refusal.findings { print("    \(String("\(finding)".prefix(200)))") }
            }
        }
    }
}
