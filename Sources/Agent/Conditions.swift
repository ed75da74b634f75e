import EventLoop
import HostObjects

/// What is wrong on this gateway now, told by whoever finds it to whoever shows it.
@LoopActor
final class Conditions {
    private(set) var present: Set<DeviceError> = []
    /// Is told of each change.
    var changed: (@LoopActor (DeviceError, _ isPresent: Bool) -> Void)?

    func set(_ condition: DeviceError, _ isPresent: Bool) {
        guard present.contains(condition) != isPresent else { return }
        if isPresent { present.insert(condition) } else { present.remove(condition) }
        changed?(condition, isPresent)
    }
}
