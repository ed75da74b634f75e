import Glibc
import Linux
import RuntimeObjects
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
        (.connectivityMonitoring(in: .v10), "earlier/4-1_0"), (.connectivityMonitoring(in: .v11), "earlier/4-1_2"),
        (.connectivityMonitoring(in: .v12), "4"), (.connectivityStatistics, "7"),
    ])
    func tableMatchesTheRegistry(table: ObjectDefinition, file: String) throws {
        let bytes = try Files.read("\(omaDirectory ?? "")/\(file).xml", limit: 1 << 20)
        let registry = try ObjectDefinition(xml: bytes)
        #expect(registry.id == table.id)
        #expect(registry.name == table.name)
        #expect(registry.version == table.version)
        #expect(registry.multiple == table.multiple)
        #expect(registry.mandatory == table.mandatory)
        #expect(registry.resources.count >= table.resources.count)
        for resource in table.resources { #expect(resource == registry[resource.id]) }
        // All mandatory resources of the registry exist.
        for resource in registry.resources where resource.mandatory {
            #expect(table[resource.id] != nil, "resource \(resource.id)")
        }
        #expect(table.resources.map(\.id) == Set(table.resources.map(\.id)).sorted())
    }
}
