extension BusInterface {
    /// A complete introspection document ("Introspection Data Format" of the D-Bus specification).
    ///
    /// - Parameter comments: whether to add the summaries as comments, as in the committed contract.
    public static func document(_ interfaces: [BusInterface], node: String? = nil, comments: Bool = false) -> String {
        var xml = """
            <!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">

            """
        xml += node.map { "<node name=\"\($0)\">\n" } ?? "<node>\n"
        for interface in interfaces { xml += interface.xml(comments: comments) }
        return xml + "</node>\n"
    }

    /// The `interface` element.
    func xml(comments: Bool) -> String {
        var xml = comments ? comment(summary, 1) : ""
        xml += " <interface name=\"\(name)\">\n"
        for method in methods {
            xml += comments ? comment(method.summary, 2) : ""
            xml += "  <method name=\"\(method.name)\">\n"
            for argument in method.inputs { xml += element(argument, "in") }
            for argument in method.outputs { xml += element(argument, "out") }
            xml += "  </method>\n"
        }
        for signal in signals {
            xml += comments ? comment(signal.summary, 2) : ""
            xml += "  <signal name=\"\(signal.name)\">\n"
            for argument in signal.arguments { xml += element(argument, nil) }
            xml += "  </signal>\n"
        }
        for property in properties {
            xml += comments ? comment(property.summary, 2) : ""
            xml += "  <property name=\"\(property.name)\" type=\"\(property.signature)\" access=\"read\">\n"
            if property.changes != .told {
                xml += "   <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\""
                xml += " value=\"\(property.changes.rawValue)\"/>\n"
            }
            xml += "  </property>\n"
        }
        return xml + " </interface>\n"
    }

    private func element(_ argument: Argument, _ direction: String?) -> String {
        let direction = direction.map { " direction=\"\($0)\"" } ?? ""
        return "   <arg name=\"\(argument.name)\" type=\"\(argument.signature)\"\(direction)/>\n"
    }

    private func comment(_ text: String, _ depth: Int) -> String {
        let margin = String(repeating: " ", count: depth)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n\(margin)     ")
        return "\(margin)<!-- \(lines) -->\n"
    }

    /// The interfaces that every exported object has besides its own.
    static let standard = [
        BusInterface(
            "org.freedesktop.DBus.Introspectable", "",
            methods: [Method("Introspect", "", outputs: [Argument("xml_data", "s")])]),
        BusInterface(
            "org.freedesktop.DBus.Properties", "",
            methods: [
                Method(
                    "Get", "", inputs: [Argument("interface_name", "s"), Argument("property_name", "s")],
                    outputs: [Argument("value", "v")]),
                Method(
                    "GetAll", "", inputs: [Argument("interface_name", "s")], outputs: [Argument("properties", "a{sv}")]),
                Method(
                    "Set", "",
                    inputs: [
                        Argument("interface_name", "s"), Argument("property_name", "s"), Argument("value", "v"),
                    ]),
            ],
            signals: [
                Signal(
                    "PropertiesChanged", "",
                    arguments: [
                        Argument("interface_name", "s"), Argument("changed_properties", "a{sv}"),
                        Argument("invalidated_properties", "as"),
                    ])
            ]),
    ]
}
