import Bus
import Configuration
import Contract
import LwM2M
import LwM2MClient
import Testing

@testable import Agent

@Suite struct AgentValueTests {
    @Test func valuesAreListedByPathWithNameAndUnit() {
        let content = InstanceContent(
            0,
            [
                21: .single(.integer(7)), 0: .single(.string("Acme")), 11: .multiple([1: .integer(2), 0: .integer(6)]),
            ])
        let values = AgentValue.values(of: content, .device)
        #expect(values.map(\.path) == ["/3/0/0", "/3/0/11/0", "/3/0/11/1", "/3/0/21"])
        #expect(values[0].name == "Manufacturer" && values[0].value == .string("Acme"))
        #expect(values[1].value == .int64(6) && values[1].type == "integer")
    }

    @Test func everyTypeHasItsBusType() {
        #expect(BusValue(.opaque([1, 255])) == .array(of: "y", [.byte(1), .byte(255)]))
        #expect(BusValue(.objectLink(ObjectLink(9, 1))) == .string("9:1"))
        #expect(BusValue(.unsignedInteger(.max)) == .uint64(.max))
        #expect(BusValue(.float(0.5)) == .double(0.5))
        #expect(DataType.unsignedInteger.contractName == "unsigned")
    }
}
