import EventLoop
import Glibc

extension MachineIdentity {
    /// The identifier of this boot, also where the unit hides /proc/sys and passes it in the environment; nil when it is not known.
    static var thisBoot: String? { boot ?? getenv("GATEKEEL_BOOT").map { String(cString: $0) } }
}
