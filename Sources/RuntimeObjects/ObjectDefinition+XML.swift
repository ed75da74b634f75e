import Foundation
import FoundationXML
import LwM2M

/// Why a file is no definition of an object.
public struct DefinitionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// For people: what is wrong, and where.
    public let description: String
}

extension ObjectDefinition {
    /// The longest file that is read, in bytes; the registry's longest one has a third of it.
    public static let longestXML = 1 << 20

    /// The first object of a file as OMA's registry has them (`LWM2M.xsd`; LwM2M Core, Appendix D.1).
    ///
    /// - Throws: for what is not well-formed, and for an object or resource that lacks what it must have, or has what is not known.
    public init(xml: [UInt8]) throws(DefinitionError) {
        guard xml.count <= Self.longestXML else {
            throw DefinitionError(description: "the file has more than \(Self.longestXML) bytes")
        }
        let reader = DefinitionReader()
        let parser = XMLParser(data: Data(xml))
        parser.delegate = reader
        parser.shouldResolveExternalEntities = false
        guard parser.parse() else {
            throw DefinitionError(
                description: "line \(parser.lineNumber): \(parser.parserError.map { "\($0)" } ?? "it is no XML")")
        }
        self = try reader.definition()
    }
}

/// Collects the texts of an object's elements and of its items.
private final class DefinitionReader: NSObject, XMLParserDelegate {
    private var isInObject = false
    private var isDone = false
    private var object: [String: String] = [:]
    private var items: [(id: String, texts: [String: String])] = []
    private var isInItem = false
    private var text = ""

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String] = [:]
    ) {
        guard !isDone else { return }
        text = ""
        switch name {
        case "Object": isInObject = true
        case "Item" where isInObject:
            isInItem = true
            items.append((attributes["ID"] ?? "", [:]))
        default: break
        }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        guard isInObject, !isDone else { return }
        switch name {
        case "Object": isDone = true
        case "Item": isInItem = false
        default:
            let value = text.trimmingCharacters(in: .whitespacesAndNewlines)
            if isInItem { items[items.count - 1].texts[name] = value } else { object[name] = object[name] ?? value }
        }
        text = ""
    }

    /// What was collected, checked.
    func definition() throws(DefinitionError) -> ObjectDefinition {
        guard isDone else { throw DefinitionError(description: "it has no element Object") }
        guard let id = object["ObjectID"].flatMap({ UInt16($0) }) else {
            throw DefinitionError(description: "ObjectID is missing or no number from 0 to 65535")
        }
        var resources: [ResourceDefinition] = []
        for item in items {
            let resource = try resource(item.id, item.texts)
            guard !resources.contains(where: { $0.id == resource.id }) else {
                throw DefinitionError(description: "resource \(resource.id) occurs twice")
            }
            resources.append(resource)
        }
        // The first version does not say its number.
        let version = object["ObjectVersion"] ?? ""
        return ObjectDefinition(
            id: id, name: object["Name"] ?? "", version: version.isEmpty ? "1.0" : version,
            multiple: try flag(object["MultipleInstances"], "Multiple", "Single", "MultipleInstances of object \(id)"),
            mandatory: try flag(object["Mandatory"], "Mandatory", "Optional", "Mandatory of object \(id)"),
            resources: resources)
    }

    private func resource(_ id: String, _ texts: [String: String]) throws(DefinitionError) -> ResourceDefinition {
        guard let number = UInt16(id) else {
            throw DefinitionError(description: "the ID of an Item is no number from 0 to 65535: '\(id.prefix(32))'")
        }
        guard let operations = Operations(rawValue: texts["Operations"] ?? "") else {
            throw DefinitionError(description: "Operations of resource \(number) is none of R, W, RW, E")
        }
        guard let type = Self.types[texts["Type"] ?? ""] else {
            throw DefinitionError(description: "Type of resource \(number) is not known")
        }
        return ResourceDefinition(
            number, texts["Name"] ?? "", operations, type,
            multiple: try flag(
                texts["MultipleInstances"], "Multiple", "Single", "MultipleInstances of resource \(number)"),
            mandatory: try flag(texts["Mandatory"], "Mandatory", "Optional", "Mandatory of resource \(number)"),
            range: texts["RangeEnumeration"] ?? "", units: texts["Units"] ?? "")
    }

    private func flag(
        _ text: String?, _ yes: String, _ no: String, _ what: String
    ) throws(DefinitionError) -> Bool {
        guard text == yes || text == no else {
            throw DefinitionError(description: "\(what) is neither \(yes) nor \(no)")
        }
        return text == yes
    }

    private static let types: [String: DataType] = [
        "": .none, "String": .string, "Integer": .integer, "Unsigned Integer": .unsignedInteger, "Float": .float,
        "Boolean": .boolean, "Opaque": .opaque, "Time": .time, "Objlnk": .objectLink, "Corelnk": .coreLink,
    ]
}
