import Archive

extension DebFile {
    /// Reads the maintainer scripts and suggests a manifest. The payload is decompressed once for this.
    ///
    /// - Throws: `DebError`, or `PackageRefusal` if the control file is malformed.
    public func suggestion(limits: ArchiveLimits = ArchiveLimits()) throws -> ManifestSuggestion {
        let files = try controlFiles()
        let control: PackageControl
        do throws(ControlError) {
            control = try PackageControl(parsing: files["control"] ?? [])
        } catch {
            throw PackageRefusal(one: Finding(.refused, .malformed, error.file, line: error.line, error.text))
        }
        var facts = SuggestionFacts()
        facts.package = control.name
        let scripts = ScriptAudit.names.compactMap { files[$0] }.filter { $0.count <= ShellParser.sizeLimit }
            .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
        var bytes = 0
        do throws(ArchiveError) {
            let reader = try dataReader(limits)
            while let entry = try reader.next() {
                facts.add(entry)
                guard SuggestionFacts.isRead(entry, scripts: scripts), bytes + entry.size <= PackageLimits.readBytes
                else { continue }
                bytes += entry.size
                facts.take(try reader.readData(limit: PackageAudit.contentLimit), of: entry)
            }
        } catch { throw DebError(error, in: container.data.name) }
        return ManifestSuggestion(controlFiles: files, facts: facts, title: "\(control.name) \(control.version)")
    }
}
