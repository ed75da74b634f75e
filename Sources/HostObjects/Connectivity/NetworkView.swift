import EventLoop
import Netlink

/// What the objects about links ask of the host's network. They ask when a value is read, observed, or collected.
@LoopActor
public protocol NetworkView: AnyObject {
    /// The links as they are; nil when the kernel cannot be asked.
    func picture() -> NetworkPicture?

    /// One link as it is; nil when it is gone.
    func link(_ index: Int32) -> NetworkLink?

    /// The link of this name as it is; nil when there is none.
    func link(named name: String) -> NetworkLink?

    /// The way to the server whose link these objects are about; nil while there is none, or no server's address is known.
    func pathToServer() -> NetworkPath?
}

extension NetworkPicture {
    /// The link by which the server is reached: that of the path, else that of the default route that is used first, if it is up.
    func serverLink(_ path: NetworkPath?) -> NetworkLink? {
        if let path, let link = link(path.interface) { return link }
        for route in defaultRoutes {
            if let link = link(route.interface), link.isUp { return link }
        }
        return nil
    }
}
