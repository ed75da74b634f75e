import Linux

/// The `control` file of a package (`deb-control(5)`).
public struct PackageControl: Hashable, Sendable {
    public let name: String
    public let version: DebianVersion
    public let architecture: String
    /// The name of the source package: several packages may be of one.
    public let source: String
    /// The first line of the description.
    public let summary: String
    /// `Installed-Size` in bytes; 0 when the field is absent.
    public let installedSize: UInt64
    public let isEssential: Bool
    public let preDepends: [Dependency]
    public let depends: [Dependency]
    public let conflicts: [Relation]
    public let breaks: [Relation]
    public let provides: [Relation]
    /// `Provides` as written.
    public let providesText: String
    /// The fields that say what else must be on the host and what must not, as written: `Depends`, `Conflicts` and so on.
    public let relationTexts: [String: String]

    /// Reads a `control` file.
    public init(parsing bytes: some Collection<UInt8>) throws(ControlError) {
        let paragraphs = try ControlParagraph.parse(bytes, file: "control", limit: 1 << 18)
        guard paragraphs.count == 1, let paragraph = paragraphs.first else {
            throw ControlError(file: "control", line: 0, text: "expected one paragraph, found \(paragraphs.count)")
        }
        func line(_ field: String) -> Int { paragraph.fields.first { $0.key == field.lowercased() }?.line ?? 0 }
        func required(_ field: String) throws(ControlError) -> String {
            guard let value = paragraph[field], !value.isEmpty else {
                throw ControlError(file: "control", line: line(field), text: "the field \(field) is missing; add it")
            }
            return value
        }
        func refused(_ field: String, _ text: String) -> ControlError {
            ControlError(file: "control", line: line(field), text: "\(field): \(text)")
        }
        func dependencies(_ field: String) throws(ControlError) -> [Dependency] {
            do throws(RelationError) {
                return try Dependency.parse(paragraph[field] ?? "")
            } catch {
                throw refused(field, error.text)
            }
        }
        func relations(_ field: String) throws(ControlError) -> [Relation] {
            var relations: [Relation] = []
            for dependency in try dependencies(field) {
                guard dependency.alternatives.count == 1 else {
                    throw refused(
                        field, "alternatives ('|') are not allowed in this field; separate the packages with commas")
                }
                relations += dependency.alternatives
            }
            return relations
        }
        name = try required("Package")
        guard PackageName.isValid(name) else {
            throw refused(
                "Package",
                "a name has 2 to 128 lower-case letters, digits, '+', '-' and '.', and begins with a letter or a digit"
            )
        }
        let versionText = try required("Version")
        guard let parsed = DebianVersion(versionText) else {
            throw refused("Version", "'\(versionText)' is not a version (deb-version(7))")
        }
        version = parsed
        architecture = try required("Architecture")
        // "nginx (1.2-3)" if the versions differ.
        let source = paragraph["Source"]?.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? name
        guard PackageName.isValid(source) else { throw refused("Source", "'\(source)' is not a package name") }
        self.source = source
        summary = String((paragraph["Description"] ?? "").split(separator: "\n").first ?? "")
            .bounded(to: PackageLimits.textBytes)
        if let size = paragraph["Installed-Size"] {
            guard let kibibytes = UInt64(size), kibibytes < 1 << 44 else {
                throw refused("Installed-Size", "expected a number of KiB")
            }
            installedSize = kibibytes << 10
        } else {
            installedSize = 0
        }
        isEssential = paragraph["Essential"] == "yes"
        preDepends = try dependencies("Pre-Depends")
        depends = try dependencies("Depends")
        conflicts = try relations("Conflicts")
        breaks = try relations("Breaks")
        provides = try relations("Provides")
        func text(_ field: String) -> String? {
            paragraph[field]?.split(whereSeparator: \.isNewline).joined(separator: " ")
        }
        providesText = text("Provides") ?? ""
        relationTexts = Dictionary(
            ["Pre-Depends", "Depends", "Conflicts", "Breaks"].compactMap { field in text(field).map { (field, $0) } }
        ) { first, _ in first }
    }

    /// The relations of a package that was installed, as its record has them.
    public init(name: String, version: String, architecture: String, relations: [String: String]) throws(ControlError) {
        let fields = relations.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }.joined()
        try self.init(parsing: "Package: \(name)\nVersion: \(version)\nArchitecture: \(architecture)\n\(fields)".utf8)
    }
}
