import EventLoop
import Linux
import Netlink

/// What the commands about links ask of this host; tests play one.
@LoopActor
protocol HostLinks: AnyObject {
    func picture() throws(Errno) -> NetworkPicture
    /// What a radio may use and saw; nil when it does not say.
    func survey(of interface: WirelessInterface) -> RadioSurvey?
}

/// The kernel, which tells anybody.
@LoopActor
final class KernelLinks: HostLinks {
    func picture() throws(Errno) -> NetworkPicture { try NetworkPicture.current() }

    func survey(of interface: WirelessInterface) -> RadioSurvey? { (try? RadioSurvey.current(of: interface)) ?? nil }
}
