import Glibc
import Linux
import LwM2M
import RuntimeObjects
import Testing

/// OMA's XML as definitions.
@Suite struct DefinitionTests {
    private static func xml(_ object: String = "", items: String = "") -> [UInt8] {
        Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- A comment with <Object> in it. -->
            <LWM2M xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
              <Object ObjectType="MODefinition">
                <Name>Keel &amp; Co</Name>
                <Description1><![CDATA[Some <Name>text</Name>.]]></Description1>
                <ObjectID>32000</ObjectID>
                <ObjectVersion>1.2</ObjectVersion>
                <MultipleInstances>Multiple</MultipleInstances>
                <Mandatory>Optional</Mandatory>
                \(object)
                <Resources>\(items)</Resources>
                <Description2/>
              </Object>
            </LWM2M>
            """.utf8)
    }

    private static func item(
        _ id: String = "7", operations: String = "RW", type: String = "Integer", multiple: String = "Single",
        mandatory: String = "Optional"
    ) -> String {
        """
        <Item ID="\(id)"><Name>Depth</Name><Operations>\(operations)</Operations>
        <MultipleInstances>\(multiple)</MultipleInstances><Mandatory>\(mandatory)</Mandatory><Type>\(type)</Type>
        <RangeEnumeration>0..9</RangeEnumeration><Units>m</Units><Description>How deep.</Description></Item>
        """
    }

    @Test func anObjectIsRead() throws {
        let definition = try ObjectDefinition(
            xml: Self.xml(
                items: Self.item() + Self.item("3", operations: "E", type: "", mandatory: "Mandatory")
                    + Self.item("9", operations: "R", type: "Objlnk", multiple: "Multiple")))
        #expect(
            definition
                == ObjectDefinition(
                    id: 32000, name: "Keel & Co", version: "1.2", multiple: true, mandatory: false,
                    resources: [
                        ResourceDefinition(3, "Depth", .execute, mandatory: true, range: "0..9", units: "m"),
                        ResourceDefinition(7, "Depth", .readWrite, .integer, range: "0..9", units: "m"),
                        ResourceDefinition(9, "Depth", .read, .objectLink, multiple: true, range: "0..9", units: "m"),
                    ]))
    }

    @Test(arguments: [
        ("", "no XML"), ("<LWM2M></LWM2M>", "no element Object"), ("<LWM2M><Object>", "no element Object"),
        ("<LWM2M></Object>", "line 1"),
        ("<Object><ObjectID>70000</ObjectID></Object>", "ObjectID"), ("<Object></Object>", "ObjectID"),
        ("<Object><ObjectID>1</ObjectID></Object>", "MultipleInstances of object 1"),
    ])
    func whatIsNoDefinitionIsRefused(text: String, reason: String) {
        let error = #expect(throws: DefinitionError.self) { try ObjectDefinition(xml: Array(text.utf8)) }
        #expect(error?.description.contains(reason) == true || text.isEmpty, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        (item("-1"), "no number"), (item("x"), "no number"), (item(operations: "RWE"), "Operations of resource 7"),
        (item(type: "Real"), "Type of resource 7"), (item(multiple: "Many"), "MultipleInstances of resource 7"),
        (item(mandatory: ""), "Mandatory of resource 7"), (item() + item(), "occurs twice"),
    ])
    func wrongResourcesAreRefused(items: String, reason: String) {
        let error = #expect(throws: DefinitionError.self) { try ObjectDefinition(xml: Self.xml(items: items)) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test func aFileHasABound() {
        let long = Self.xml() + [UInt8](repeating: 0x20, count: ObjectDefinition.longestXML)
        #expect(throws: DefinitionError.self) { try ObjectDefinition(xml: long) }
    }

    private static let registry = getenv("GATEKEEL_OMA_DIR").map { String(cString: $0) }

    @Test(.enabled(if: registry != nil, "SKIPPED: GATEKEEL_OMA_DIR does not say where OMA's XML is"))
    func theRegistrysFilesAreRead() throws {
        var count = 0
        for folder in [Self.registry ?? "", "\(Self.registry ?? "")/earlier"] {
            for name in try Files.names(in: folder) where name.hasSuffix(".xml") {
                let bytes = try Files.read("\(folder)/\(name)", limit: ObjectDefinition.longestXML)
                let definition = try ObjectDefinition(xml: bytes)
                #expect(name.hasPrefix("\(definition.id)"), "\(name)")
                #expect(!definition.resources.isEmpty, "\(name)")
                count += 1
            }
        }
        #expect(count > 10)
    }
}
