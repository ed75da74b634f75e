import Archive
import Configuration
import Linux
@testable import Packages

extension FuzzTarget {
    /// A `.deb` as an `ar` archive: members lie in the file, one after the other, and are what they are called.
    static let ar = FuzzTarget("ar", limit: 16384) { bytes in
        let container = accepted { () throws(DebError) in
            try withMemoryFile(bytes) { file throws(DebError) in try DebContainer(file) }
        }
        guard let container else { return }
        requireEqual(container.size, bytes.count, "the size is the file's")
        var offset = 8
        for member in container.members {
            requireEqual(member.header, offset, "members follow each other")
            requireEqual(member.data.lowerBound, offset + 60, "data follow their header")
            require(member.data.upperBound <= bytes.count, "a member lies in the file")
            offset = member.data.upperBound + member.data.count % 2
        }
        requireEqual(offset, bytes.count, "members fill the file")
        requireEqual(Array(bytes[container.members[0].data]), Array("2.0\n".utf8), "the format is 2.0")
        if let range = container.signedRange {
            requireEqual(range, 0..<container.members[container.members.count - 1].header, "all before is signed")
        }
        // As written by us, with the same data, it is the same.
        var written = DebContainer.magic
        for member in container.members {
            written += DebContainer.header(member.name, member.data.count) + bytes[member.data]
            if member.data.count % 2 == 1 { written.append(0x0A) }
        }
        let again = requireSuccess("a written container is read") { () throws(DebError) in
            try withMemoryFile(written) { file throws(DebError) in try DebContainer(file) }
        }
        requireEqual(again, container, "a container is read as it was written")
    }

    /// `control`, and dpkg's status file: fields are kept, and relations are read as they are written.
    static let control = FuzzTarget("control") { bytes in
        for package in DpkgStatus.parse(bytes) {
            requireEqual(DebianVersion(package.version.description), package.version, "a version has its text")
            for relation in package.provides { check(relation) }
        }
        let paragraphs = accepted { () throws(ControlError) in try ControlParagraph.parse(bytes, file: "") } ?? []
        for paragraph in paragraphs {
            require(!paragraph.fields.isEmpty, "a paragraph has fields")
            requireEqual(Set(paragraph.fields.map { $0.name.lowercased() }).count, paragraph.fields.count, "once each")
        }
        guard let control = accepted({ () throws(ControlError) in try PackageControl(parsing: bytes) }) else { return }
        require(PackageName.isValid(control.name) && PackageName.isValid(control.source), "names are valid")
        require(control.summary.utf8.count <= PackageLimits.textBytes, "the summary is bounded")
        requireEqual(control.installedSize % 1024, 0, "sizes are in KiB")
        for relation in control.conflicts + control.breaks + control.provides { check(relation) }
        for dependency in control.depends + control.preDepends {
            require(!dependency.alternatives.isEmpty, "a dependency has an alternative")
            let again = requireSuccess("a written dependency is read") { () throws(RelationError) in
                try Dependency.parse(dependency.description)
            }
            requireEqual(again, [dependency], "a dependency is read as it was written")
        }
        // As the record of a release keeps it.
        let kept = requireSuccess("a kept control file is read") { () throws(ControlError) in
            try PackageControl(
                name: control.name, version: control.version.description, architecture: control.architecture,
                relations: control.relationTexts)
        }
        requireEqual(kept.depends, control.depends, "Depends is kept")
        requireEqual(kept.preDepends, control.preDepends, "Pre-Depends is kept")
        requireEqual(kept.conflicts, control.conflicts, "Conflicts is kept")
        requireEqual(kept.breaks, control.breaks, "Breaks is kept")
    }

    private static func check(_ relation: Relation) {
        let again = requireSuccess("a written relation is read") { () throws(RelationError) in
            try Dependency.parse(relation.description)
        }
        requireEqual(again.flatMap(\.alternatives), [relation], "a relation is read as it was written")
    }

    /// Two versions, a line each: they have one order.
    static let version = FuzzTarget("version", limit: 256) { bytes in
        let texts = bytes.split(separator: 0x0A, maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
        guard let first = texts.first.flatMap({ DebianVersion($0) }),
            let last = texts.last.flatMap({ DebianVersion($0) })
        else { return }
        requireEqual([first < last, first == last, first > last].count { $0 }, 1, "two versions have one order")
        requireEqual(first < last, last > first, "from both sides")
        require(first == first && !(first < first), "a version is equal to itself")
        if first == last { requireEqual(first.hashValue, last.hashValue, "equal versions have one hash") }
        // "~" comes before everything, also before the end.
        if let earlier = DebianVersion(first.description + "~") { require(earlier < first, "\(earlier) is earlier") }
    }

    /// `_gkmanifest`: its lines are what systemd's programs read as the manifest means.
    static let manifest = FuzzTarget("manifest") { bytes in
        let parsed: PackageManifest
        do throws(ConfigurationError) {
            parsed = try PackageManifest(parsing: bytes)
        } catch {
            require(!error.problems.isEmpty, "a refusal says why")
            return
        }
        for text in parsed.sysusersLines {
            let lines = SysusersLine.read(Array(text.utf8))
            requireEqual(lines.count, 1, "one line: \(text)")
            guard case .success(let line)? = lines.first?.line else {
                require(false, "systemd reads '\(text)'")
                return
            }
            if case .range = line.entry { require(false, "a manifest has no ranges: \(text)") }
        }
        for text in parsed.tmpfilesLines() {
            let lines = TmpfilesLine.read(Array(text.utf8))
            requireEqual(lines.count, 1, "one line: \(text)")
            guard case .success(let line)? = lines.first?.line else {
                require(false, "systemd reads '\(text)'")
                return
            }
            require(line.type == "d" || line.type == "f", "a manifest makes folders and files: \(text)")
            require(
                (parsed.directories.map(\.path) + parsed.files.map(\.path)).contains(line.path), "only there: \(text)")
        }
        if let health = parsed.health { require(health.command.first?.hasPrefix("/") == true, "an absolute program") }
    }
}
