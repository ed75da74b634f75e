import Foundation
import FoundationXML
import Testing

@testable import LwM2M

/// Compares the tables with OMA's XML in GATEKEEL_OMA_DIR.
private let omaDirectory = ProcessInfo.processInfo.environment["GATEKEEL_OMA_DIR"]

@Suite(.enabled(if: omaDirectory != nil, "SKIPPED: GATEKEEL_OMA_DIR does not say where OMA's XML is"))
struct ObjectTableTests {
    @Test(arguments: [
        (ObjectDefinition.security, "earlier/0-1_1"), (.server, "earlier/1-1_1"), (.device, "3"),
        (.softwareManagement, "earlier/9-1_0"),
    ])
    func tableMatchesTheRegistry(table: ObjectDefinition, file: String) throws {
        let path = "\(omaDirectory ?? "")/\(file).xml"
        let document = try XMLDocument(contentsOf: URL(fileURLWithPath: path))
        let object = try #require(document.rootElement()?.elements(forName: "Object").first)
        func text(_ element: XMLElement, _ name: String) -> String {
            element.elements(forName: name).first?.stringValue ?? ""
        }
        #expect(text(object, "ObjectID") == "\(table.id)")
        #expect(text(object, "Name") == table.name)
        #expect(text(object, "ObjectVersion") == table.version)
        #expect(text(object, "MultipleInstances") == (table.multiple ? "Multiple" : "Single"))
        #expect(text(object, "Mandatory") == (table.mandatory ? "Mandatory" : "Optional"))

        let types: [String: DataType] = [
            "": .none, "String": .string, "Integer": .integer, "Unsigned Integer": .unsignedInteger, "Float": .float,
            "Boolean": .boolean, "Opaque": .opaque, "Time": .time, "Objlnk": .objectLink, "Corelnk": .coreLink,
        ]
        let items = try #require(object.elements(forName: "Resources").first).elements(forName: "Item")
        var registry: [UInt16: ResourceDefinition] = [:]
        for item in items {
            let id = try #require(item.attribute(forName: "ID")?.stringValue.flatMap(UInt16.init))
            registry[id] = ResourceDefinition(
                id, text(item, "Name"), try #require(Operations(rawValue: text(item, "Operations"))),
                try #require(types[text(item, "Type")]), multiple: text(item, "MultipleInstances") == "Multiple",
                mandatory: text(item, "Mandatory") == "Mandatory", range: text(item, "RangeEnumeration"),
                units: text(item, "Units"))
        }
        #expect(registry.count > 10)
        for resource in table.resources { #expect(resource == registry[resource.id]) }
        // All mandatory resources of the registry exist.
        for (id, resource) in registry where resource.mandatory { #expect(table[id] != nil, "resource \(id)") }
        #expect(table.resources.map(\.id) == Set(table.resources.map(\.id)).sorted())
    }
}
