extension OMATest {
    /// The groups of the specification that concern objects 0 to 3 and the operations, in its order.
    static let groups: [Group] = [
        Group(name: "Bootstrap", tests: bootstrap), Group(name: "Registration", tests: registration),
        Group(name: "Device management", tests: management), Group(name: "Reporting", tests: reporting),
        Group(name: "Security", tests: security), Group(name: "Server (1)", tests: server),
        Group(name: "Device (3)", tests: device), Group(name: "Several servers", tests: severalServers),
    ]

    static let all = groups.flatMap(\.tests)

    private static let bootstrap: [OMATest] = [
        both(0, "Client Initiated Bootstrap", .open(.bootstrap)),
        both(1, "Client Initiated Bootstrap Full (PSK)", .open(.bootstrap)),
        both(2, "Client Initiated Bootstrap Full (Cert)", .open(.bootstrap)),
        both(3, "Simple Bootstrap from Smartcard", .notApplicable("Gatekeel reads no smartcards")),
        v11(4, "Bootstrap Delete", .open(.bootstrap)),
        v11(5, "Server Initiated Bootstrap", .open(.bootstrap)),
        v11(6, "Bootstrap Sequence", .open(.bootstrap)),
        v11(7, "Fallback to bootstrap", .open(.bootstrap)),
        v11(8, "Bootstrap Read", .open(.bootstrap)),
        v11(9, "Bootstrap and Configuration Consistency", .open(.bootstrap)),
        v11(10, "Client Initiated Bootstrap Full (EST)", .open(.bootstrap)),
    ]

    private static let registration: [OMATest] = [
        both(
            101, "Initial Registration", .passed(["lwm2m.it_registers_over_dtls"]),
            v10: .passed(["conformance.management_of_1_0"])),
        both(
            102, "Registration Update", .passed(["conformance.updates"]), v10: .passed(["conformance.updates_of_1_0"])),
        both(
            103, "Deregistration", .passed(["lwm2m.a_server_that_disables_itself_is_left_alone"]),
            v10: .passed(["conformance.management_of_1_0"])),
        both(
            104, "Registration Update Trigger", .passed(["conformance.updates"]),
            v10: .passed(["conformance.updates_of_1_0"])),
        v11(
            105, "Discarded Register Update",
            .passed([
                "conformance.discarded_update",
                "RegistrationTests/aServerThatForgotIsRegisteredWithAtOnceAndObservesAnew",
            ])),
        v11(106, "Registration with TCP binding", .open(.stream)),
        v11(107, "Extending the lifetime of a registration", .passed(["conformance.updates"])),
        v11(108, "Turn on Queue Mode", .passed(["conformance.queue_mode"])),
        v11(109, "Behavior in Queue Mode", .passed(["conformance.queue_mode"])),
    ]

    private static let withoutObject16 = "without object 16, which Gatekeel does not have: the values of object 1"

    private static let management: [OMATest] = [
        both(
            201, "Querying basic information in Plain Text format", .passed(["conformance.querying"]),
            v10: .passed(["conformance.management_of_1_0"])),
        both(202, "Querying basic information in Opaque format", .noSteps(["OperationTests/aRead"])),
        both(
            203, "Querying basic information in TLV format", .passed(["conformance.querying"]),
            v10: .passed(["conformance.management_of_1_0"])),
        both(
            204, "Querying basic information in JSON format", .passed(["conformance.querying"]),
            v10: .passed(["conformance.management_of_1_0"])),
        both(
            205, "Setting basic information in Plain Text format",
            .passed(["conformance.setting"]), v10: .passed(["conformance.management_of_1_0"])),
        both(
            210, "Setting basic information in Opaque format",
            .noSteps(["UploadTests/anOpaqueBodyIsStreamedInEveryFormatThatHoldsItRaw"])),
        v11(211, "Querying basic information in CBOR format", .passed(["conformance.querying"])),
        v11(212, "Setting basic information in CBOR format", .passed(["conformance.setting"])),
        both(
            215, "Setting basic information in TLV format",
            .passed(["conformance.setting"]), v10: .passed(["conformance.management_of_1_0"])),
        both(
            220, "Setting basic information in JSON format",
            .passed(["conformance.setting"]), v10: .passed(["conformance.management_of_1_0"])),
        v11(221, "Attempt to perform operations on Security", .passed(["conformance.querying"])),
        v11(222, "Read on Object", .passed(["conformance.querying"])),
        v11(223, "Read on Object Instance", .passed(["conformance.querying"])),
        v11(224, "Read on Resource", .passed(["conformance.querying"])),
        v11(225, "Read on Resource Instance", .passed(["conformance.querying"])),
        v11(226, "Write (Partial Update) on Object Instance", .passed(["conformance.setting"])),
        v11(227, "Write (replace) on Resource", .passed(["conformance.setting"])),
        v11(
            228, "Write on Resource Instance",
            .notApplicable(
                "no object of Gatekeel has a resource with several instances that a server writes",
                ["OperationTests/replacingAndUpdatingResourceInstances"])),
        v11(
            229, "Read-Composite Operation",
            .passed(["conformance.querying"], note: "in two requests, of which each has two of the four paths")),
        v11(230, "Write-Composite Operation", .passed(["conformance.setting"], note: withoutObject16)),
        v11(231, "Querying basic information in SenML JSON format", .passed(["conformance.querying"])),
        v11(232, "Querying basic information in SenML CBOR format", .passed(["conformance.querying"])),
        v11(
            233, "Setting basic information in SenML CBOR format",
            .passed(["conformance.setting"], note: withoutObject16)),
        v11(
            234, "Setting basic information in SenML JSON format",
            .passed(["conformance.setting"], note: withoutObject16)),
        v11(235, "Read-Composite Operation on root path", .passed(["conformance.querying"])),
        v11(
            236, "Read-Composite, Partial Presence",
            .passed(["conformance.querying"], note: "without the path 1/0/1, which 1/0 contains")),
        v11(
            237, "Read on Object without specifying Content-Type",
            .passed(["conformance.querying"])),
        both(
            241, "Executable Resource: Rebooting the device", .passed(["lwm2m.the_server_reboots_the_gateway"]),
            v10: .passed(["conformance.leaving_of_1_0"])),
        v11(256, "Write Operation Failure", .passed(["conformance.querying"])),
        v11(
            257, "Write-Composite Operation",
            .notApplicable(
                "it sets Current Time (3/0/13) to 1970, which Gatekeel refuses; with UTC Offset (3/0/14) in its place",
                ["conformance.setting"])),
        both(
            260, "Discover Command", .passed(["conformance.discovering"]),
            v10: .passed(["conformance.management_of_1_0"])),
        both(
            261, "Write-Attribute on multiple resources", .passed(["conformance.discovering"]),
            v10: .passed(
                ["conformance.management_of_1_0"],
                note: "attributes of the resource in the place of those of its instance, which LwM2M 1.0 has no path of"
            )),
        both(
            270, "Create Object Instance",
            .passed(["conformance.discovering"], note: "with object 9 in the place of object 16"),
            v10: .passed(["conformance.management_of_1_0"], note: "with object 9 in the place of object 16")),
        both(
            271, "Create Multiple Resource Instance",
            .noSteps(["OperationTests/replacingAndUpdatingResourceInstances"])),
        v11(280, "Successful Read-Composite Operation", .passed(["conformance.querying"])),
        v11(281, "Partially Successful Read-Composite Operation", .passed(["conformance.querying"])),
        both(
            290, "Delete Object Instance",
            .passed(
                ["conformance.discovering"],
                note: "with object 9 in the place of object 16; its instance 0 cannot be deleted"),
            v10: .passed(
                ["conformance.management_of_1_0"],
                note: "with object 9 in the place of object 16; its instance 0 cannot be deleted")),
    ]

    private static let instead =
        "with object 9 in the place of object 16, and attributes of the object in the place of those of one instance"

    private static let reporting: [OMATest] = [
        both(
            301, "Observation and Notification of parameter values", .passed(["conformance.reporting"]),
            v10: .passed(["conformance.reporting_of_1_0"])),
        both(
            302, "Cancel Observations using Reset Operation", .passed(["conformance.reporting"]),
            v10: .passed(["conformance.reporting_of_1_0"])),
        both(
            303, "Cancel Observations using Observe with Cancel parameter",
            .passed(
                ["conformance.reporting"],
                note: "each observation by a request of its own, as RFC 7641 wants; the specification has one for 3/0"),
            v10: .passed(
                ["conformance.reporting_of_1_0"],
                note: "each observation by a request of its own, as RFC 7641 wants; the specification has one for 3/0")),
        v11(304, "Observe-Composite Operation", .passed(["conformance.composite_reporting"])),
        v11(305, "Cancel Observation-Composite Operation", .passed(["conformance.composite_reporting"])),
        v11(306, "Send Operation", .passed(["conformance.sending"])),
        v11(307, "Muting Send", .passed(["conformance.sending"])),
        v11(
            308, "Observe-Composite and Creating Object Instance",
            .passed(["conformance.composite_reporting"], note: instead)),
        v11(
            309, "Observe-Composite and Deleting Object Instance",
            .passed(["conformance.composite_reporting"], note: instead)),
        v11(
            310, "Observe-Composite and modification of parameter values",
            .passed(["conformance.composite_reporting"], note: "with Lifetime (1/0/1) in the place of 1/0/3")),
        v11(311, "Send command", .passed(["conformance.sending"])),
    ]

    private static let security: [OMATest] = [
        both(
            401, "UDP Channel Security, Pre-shared Key Mode",
            .passed(["lwm2m.it_registers_over_dtls", "lwm2m.the_device_is_read_in_every_format"]),
            v10: .passed(["conformance.management_of_1_0"])),
        both(402, "UDP Channel Security, Certificate Mode", .open(.certificates)),
        both(403, "Certificate Mode, server identity verification failure", .open(.certificates)),
        v11(404, "TCP Channel Security, Certificate Mode", .open(.stream)),
        v11(405, "OSCORE", .open(.oscore)),
        v11(406, "TCP Channel Security, Pre-shared Key Mode", .open(.stream)),
    ]

    private static let server: [OMATest] = [
        both(551, "Access Check to the Resources", .same(as: 215)),
        both(
            555, "Disable (De-Registration) capability",
            .passed(["lwm2m.a_server_that_disables_itself_is_left_alone"]),
            v10: .passed(["conformance.leaving_of_1_0"])),
        both(556, "Update Registration capability", .same(as: 104)),
        both(
            560, "Delayed Report Notification",
            .noSteps([
                "ObservationTests/whatChangesWhileTheServerIsAwayIsToldInOrder",
                "ObservationTests/changesDuringAnOutageAreToldWhenTheServerWantsThem",
            ])),
        both(
            565, "Create Object Instance",
            .noSteps(["conformance.querying"], note: "only bootstrap may create accounts: 4.05")),
        both(
            566, "Delete Object Instance",
            .noSteps(["conformance.querying"], note: "only bootstrap may delete accounts: 4.05")),
    ]

    private static let device: [OMATest] = [
        both(
            651, "Access Check to the Resources",
            .open(.clock, ["conformance.setting"]), v10: .open(.clock)),
        both(
            652, "Querying the firmware version from the client", .passed(["conformance.querying"]),
            v10: .passed(["conformance.management_of_1_0"])),
        both(655, "Reboot capability", .same(as: 241)),
        both(656, "Factory Reset capability", .noSteps([], note: "Gatekeel has no Factory Reset (3/0/5)")),
        both(657, "Error Code functionality", .noSteps(["DevicePowerTests/errorsComeAndGo"])),
        both(660, "Basic Observation of Device Object Resources", .same(as: 301)),
        both(
            661, "Extended Observation of Device Object Resources",
            .noSteps([
                "NotificationStateTests/aTimeline", "NotificationStateTests/thresholdsLookAtEachResourceInstance",
            ])),
        both(
            670, "Create Multiple Resource Instances",
            .noSteps([], note: "object 3 has no resource with several instances that a server writes")),
        both(
            680, "Create Object Instance", .passed(["conformance.querying"]),
            v10: .passed(["conformance.management_of_1_0"])),
        both(
            685, "Delete Object Instance", .passed(["conformance.querying"]),
            v10: .passed(["conformance.management_of_1_0"])),
    ]

    private static let allRights =
        "with the rights that hold without Rights= in the place of configuration C.14's lists"

    private static let severalServers: [OMATest] = [
        both(
            950, "Multi-Servers Registration", .passed(["conformance.several_servers"], note: allRights),
            v10: .passed(["conformance.several_servers_of_1_0"], note: allRights)),
        both(
            951, "Multi-Servers and Attributes",
            .passed(["conformance.several_servers"], note: allRights),
            v10: .passed(["conformance.several_servers_of_1_0"], note: allRights)),
    ]
}
