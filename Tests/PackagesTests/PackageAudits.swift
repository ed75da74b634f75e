import Archive

@testable import Packages

/// Audits a package made of paths and texts.
///
/// - Parameter members: of its control archive, besides the control file.
func auditPackage(
    _ files: [(String, String)] = [], links: [(String, String)] = [], folders: [String] = [], name: String = "foo",
    manifest: String? = nil, members: [String: String] = [:]
) throws -> Result<PackagePlan, PackageRefusal> {
    do throws(PackageRefusal) {
        var members = members.mapValues { Array($0.utf8) }
        members["control"] = Array("Package: \(name)\nVersion: 1.0\nArchitecture: all\n".utf8)
        var audit = try PackageAudit(controlFiles: members, manifest: manifest.map { Array($0.utf8) })
        for path in folders { _ = try audit.consider(ArchiveEntry(path: path, kind: .directory, mode: 0o755)) }
        for (path, target) in links {
            _ = try audit.consider(ArchiveEntry(path: path, kind: .symbolicLink(target: target)))
        }
        for (path, text) in files {
            let entry = ArchiveEntry(
                path: path, kind: .file, mode: path.hasPrefix("etc/init.d/") ? 0o755 : 0o644, size: text.utf8.count)
            if try audit.consider(entry) { audit.take(Array(text.utf8), of: entry) }
        }
        return .success(try audit.plan(known: []))
    } catch {
        return .failure(error)
    }
}

extension Result<PackagePlan, PackageRefusal> {
    /// The reasons why the package is refused; none if it is not.
    var refusals: [Finding] {
        guard case .failure(let refusal) = self else { return [] }
        return refusal.findings
    }
}
