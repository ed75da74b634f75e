import Glibc
import Linux
import Testing

@testable import LwM2M

/// Compares the tables with OMA's XML in GATEKEEL_OMA_DIR.
private let omaDirectory = getenv("GATEKEEL_OMA_DIR").map { String(cString: $0) }

@Suite(.enabled(if: omaDirectory != nil, "SKIPPED: GATEKEEL_OMA_DIR does not say where OMA's XML is"))
struct ObjectTableTests {
    @Test(arguments: [
        (ObjectDefinition.security, "earlier/0-1_1"), (.server(in: .v10), "earlier/1-1_0"),
        (.server(in: .v11), "earlier/1-1_1"), (.server(in: .v12), "1"), (.device(in: .v10), "earlier/3-1_0"),
        (.device(in: .v11), "3"),
        (.device(in: .v12), "3"),
        (.softwareManagement, "earlier/9-1_0"), (.accessControl, "2"), (.accessControl10, "earlier/2-1_0"),
    ])
    func tableMatchesTheRegistry(table: ObjectDefinition, file: String) throws {
        let bytes = try Files.read("\(omaDirectory ?? "")/\(file).xml", limit: 1 << 20)
        let object = try #require(elements("Object", in: String(decoding: bytes, as: UTF8.self)).first).content
        func text(_ element: Substring, _ name: String) -> String {
            elements(name, in: element).first.map { unescaped($0.content) } ?? ""
        }
        #expect(text(object, "ObjectID") == "\(table.id)")
        #expect(text(object, "Name") == table.name)
        // The first version does not say its number.
        let version = text(object, "ObjectVersion")
        #expect((version.isEmpty ? "1.0" : version) == table.version)
        #expect(text(object, "MultipleInstances") == (table.multiple ? "Multiple" : "Single"))
        #expect(text(object, "Mandatory") == (table.mandatory ? "Mandatory" : "Optional"))

        let types: [String: DataType] = [
            "": .none, "String": .string, "Integer": .integer, "Unsigned Integer": .unsignedInteger, "Float": .float,
            "Boolean": .boolean, "Opaque": .opaque, "Time": .time, "Objlnk": .objectLink, "Corelnk": .coreLink,
        ]
        var registry: [UInt16: ResourceDefinition] = [:]
        for (start, item) in elements("Item", in: object) {
            let id = try #require(UInt16(start.filter(\.isNumber)))
            registry[id] = ResourceDefinition(
                id, text(item, "Name"), try #require(Operations(rawValue: text(item, "Operations"))),
                try #require(types[text(item, "Type")]), multiple: text(item, "MultipleInstances") == "Multiple",
                mandatory: text(item, "Mandatory") == "Mandatory", range: text(item, "RangeEnumeration"),
                units: text(item, "Units"))
        }
        #expect(registry.count >= table.resources.count)
        for resource in table.resources { #expect(resource == registry[resource.id]) }
        // All mandatory resources of the registry exist.
        for (id, resource) in registry where resource.mandatory { #expect(table[id] != nil, "resource \(id)") }
        #expect(table.resources.map(\.id) == Set(table.resources.map(\.id)).sorted())
    }
}

/// The elements of a name in OMA's XML, in their order: what is in the start tag after the name, and the content.
///
/// It does not read XML in general: no element is inside one of the same name there.
private func elements(_ name: String, in text: some StringProtocol) -> [(start: Substring, content: Substring)] {
    var found: [(Substring, Substring)] = []
    var rest = Substring(text)
    while let tag = rest.firstOccurrence(of: "<\(name)") {
        rest = rest[tag.upperBound...]
        guard let first = rest.first, first == ">" || first.isWhitespace else { continue }
        guard let close = rest.firstIndex(of: ">") else { break }
        let start = rest[..<close]
        rest = rest[rest.index(after: close)...]
        guard let end = rest.firstOccurrence(of: "</\(name)>") else { break }
        found.append((start, rest[..<end.lowerBound]))
        rest = rest[end.upperBound...]
    }
    return found
}

/// A text without XML's escapes.
private func unescaped(_ text: Substring) -> String {
    let escapes = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
    return escapes.reduce(String(text)) { text, escape in
        var rest = Substring(text)
        var done = ""
        while let place = rest.firstOccurrence(of: escape.0) {
            done += rest[..<place.lowerBound] + escape.1
            rest = rest[place.upperBound...]
        }
        return done + rest
    }
}
