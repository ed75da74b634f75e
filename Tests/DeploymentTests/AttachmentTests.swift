import Glibc
import Linux
import Packages
import Testing

@testable import Deployment

/// The files of a release in `/etc/tmpfiles.d`.
@Suite struct AttachmentTests {
    private static let folder = "/etc/tmpfiles.d"

    /// A release with `tmpfiles.d` files, each of its own text, and a folder of its manifest.
    private func attachment(_ name: String, _ files: [String], _ root: TemporaryRoot, version: String = "1.0")
        -> Deployment.Attachment
    {
        let record = ReleaseRecord(
            name: name, version: version, tmpfiles: files.map { "t/\($0)" }, manifestFolders: ["d /var/lib/\(name)"])
        for path in record.tmpfiles {
            root.write("/var/lib/gatekeel/packages/\(name)/\(version)/\(path)", "# \(name) \(path)\n")
        }
        return Deployment.Attachment(store: Store(root.paths), release: version, record: record)
    }

    private func attach(_ attachment: Deployment.Attachment, replacing old: Deployment.Attachment? = nil) throws {
        let old = try old.map { try $0.filesToRemove() } ?? []
        try attachment.attach(replacing: old, passage: Passage())
    }

    @Test func noTwoPackagesHaveTheSameFile() throws {
        let root = TemporaryRoot()
        let names = [
            ("foo", ["server-x.conf", "x_y.conf"]), ("foo-server", ["x.conf"]), ("foo.conf", ["y.conf"]),
            ("foo-server-x", ["foo-server-x.conf"]),
        ]
        let all = names.map { attachment($0.0, $0.1, root) }
        let paths = try all.flatMap { try $0.files().map(\.path) }
        #expect(Set(paths).count == paths.count && paths.count == 9)
        for attachment in all { try attach(attachment) }
        #expect(root.tree(Self.folder).count == 9)
        #expect(root.tree(Self.folder).allSatisfy { $0.hasPrefix("gatekeel-") && $0.hasSuffix(".conf") })
        try Deployment.Attachment.detach(try all[0].filesToRemove(), root.paths, passage: Passage())
        #expect(root.tree(Self.folder).count == 6)
    }

    /// Behind the other settings of its section, whatever follows.
    @Test func aUnitStartsWhatTheManifestSays() throws {
        let attachment = attachment("foo", [], TemporaryRoot())
        var unit = ReleaseUnit(name: "foo.service", path: "u/foo.service", wants: ["a.service", "b@c.service"])
        #expect(attachment.dropIn(for: unit).contains("1.0\nWants=a.service b@c.service\n\n[Service]\n"))
        unit.wants = []
        #expect(!attachment.dropIn(for: unit).contains("Wants=a"))
    }

    /// An earlier release of Gatekeel had put a '-' behind the package's name. Such a file goes with the version that made it,
    /// unless it is another package's by now.
    @Test func filesOfFormerNamesGoWithTheirVersion() throws {
        let root = TemporaryRoot()
        let old = attachment("foo", ["server-x.conf", "y.conf"], root)
        root.write("\(Self.folder)/gatekeel-foo-y.conf", "# foo t/y.conf\n")
        root.write("\(Self.folder)/gatekeel-foo-server-x.conf", "# foo-server t/x.conf\n")
        root.write("\(Self.folder)/gatekeel-foo-z.conf", "# foo t/z.conf\n")
        let new = attachment("foo", ["y.conf"], root, version: "2.0")
        try attach(new, replacing: old)
        let others = ["gatekeel-foo-server-x.conf", "gatekeel-foo-z.conf"]
        #expect(root.tree(Self.folder).sorted() == others + ["gatekeel-foo.conf", "gatekeel-foo_y.conf"])
        root.write("\(Self.folder)/gatekeel-foo-y.conf", "# foo t/y.conf\n")
        try Deployment.Attachment.detach(try new.filesToRemove(), root.paths, passage: Passage())
        #expect(root.tree(Self.folder).sorted() == others)
    }
}
