import LwM2M

extension ObjectDefinition {
    /// An object with one resource of each type, single and multiple, that can be read and written, and one that is executed.
    public static func everyType(_ id: UInt16) throws(DefinitionError) -> ObjectDefinition {
        let types = [
            "String", "Integer", "Unsigned Integer", "Float", "Boolean", "Opaque", "Time", "Objlnk", "Corelnk",
        ]
        var items = ""
        for (index, type) in types.enumerated() {
            items += item(index, type, "RW", type, "Single") + item(index + 20, "\(type)s", "RW", type, "Multiple")
        }
        items += item(40, "Run", "E", "", "Single")
        let text = """
            <LWM2M><Object ObjectType="MODefinition"><Name>Every Type</Name><ObjectID>\(id)</ObjectID>
            <ObjectVersion>1.0</ObjectVersion><MultipleInstances>Multiple</MultipleInstances>
            <Mandatory>Optional</Mandatory><Resources>\(items)</Resources></Object></LWM2M>
            """
        return try ObjectDefinition(xml: Array(text.utf8))
    }

    private static func item(
        _ id: Int, _ name: String, _ operations: String, _ type: String, _ multiple: String
    ) -> String {
        """
        <Item ID="\(id)"><Name>\(name)</Name><Operations>\(operations)</Operations>
        <MultipleInstances>\(multiple)</MultipleInstances><Mandatory>Optional</Mandatory><Type>\(type)</Type></Item>
        """
    }
}
