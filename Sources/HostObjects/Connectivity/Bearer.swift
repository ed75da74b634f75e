import Netlink

/// A network bearer (4/0/0), by the number that object 4 has for it.
enum Bearer: Int64, Hashable {
    case wlan = 21
    case ieee802154 = 23
    case ethernet = 41

    /// That of the device that a link's frames leave by. What is neither a radio nor told by a modem counts as Ethernet.
    init(_ link: NetworkLink, in picture: NetworkPicture) {
        let device = picture.device(of: link)
        if picture.radio(of: device) != nil {
            self = .wlan
        } else if device.isLoWPAN {
            self = .ieee802154
        } else {
            self = .ethernet
        }
    }
}
