import Configuration
import Contract
import EventLoop
import HostObjects
import Journal
import LwM2MClient

/// Object 3 on this host.
@LoopActor
final class DeviceFeature: Feature {
    var objects: [any Object] { [device] }

    private let device: DeviceObject
    private let host: HostProxy

    init(_ environment: AgentEnvironment) {
        host = HostProxy(environment.bus)
        device = DeviceObject(
            settings: DeviceSettings(environment.configuration.device), agentVersion: Product.version,
            control: BusHostControl(host), scheduler: environment.scheduler,
            afterAnswer: { [unowned environment] in environment.afterAnswer($0) })
        device.rebootFailed = { error in
            Log.error(
                "The reboot that a server asked for failed: \("\(error)", .reason); reboot the gateway by hand if it is needed"
            )
        }
        for condition in environment.conditions.present { device.report(condition, true) }
        environment.conditions.changed = { [weak device] in device?.report($0, $1) }
    }

    func start() async {
        // Root alone may read it; an installer that does not answer costs this value and nothing else.
        LoopActor.spawn { [device, host] in
            if let serial = try? await host.hardwareSerial() { device.hardwareSerial(serial) }
        }
    }

    func reload(_ configuration: AgentConfiguration) async { device.reload(DeviceSettings(configuration.device)) }
}

extension DeviceSettings {
    init(_ configuration: DeviceConfiguration) {
        self.init(
            manufacturer: configuration.manufacturer, modelNumber: configuration.modelNumber,
            serialNumber: configuration.serialNumber, deviceType: configuration.deviceType,
            hardwareVersion: configuration.hardwareVersion, storagePath: configuration.storagePath)
    }
}
