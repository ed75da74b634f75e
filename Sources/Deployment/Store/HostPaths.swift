import Packages

/// Where the host's files are. Tests use a root of their own.
public struct HostPaths: Hashable, Sendable {
    /// Empty for the host itself, else a folder that stands for `/`.
    public let root: String
    /// The store: `/var/lib/gatekeel`.
    public let store: String
    /// Where the packages' units are attached.
    public var attachedUnits: String { root + "/etc/systemd/system.attached" }
    /// Where `systemctl enable` puts its links.
    public var systemUnits: String { root + "/etc/systemd/system" }
    /// Where a package's `tmpfiles.d` files are put, so that each boot makes its folders in `/run`.
    public var tmpfiles: String { root + "/etc/tmpfiles.d" }
    /// Where a package's policies of the message bus are put.
    public var busPolicies: String { root + "/etc/dbus-1/system.d" }
    /// Where the message bus looks for services that it may start, besides those of the host.
    public var busActivations: String { root + "/etc/dbus-1/system-services" }
    /// dpkg's database of packages.
    var dpkgStatus: String { root + DpkgStatus.path }
    /// The mounts as this process sees them.
    var mountTable: String { root + "/proc/self/mountinfo" }
    /// dpkg's lists of files: `/var/lib/dpkg/info`.
    public var dpkgInfo: String { root + "/var/lib/dpkg/info" }

    /// Folders in which an administrator masks units: `systemctl mask`, also with `--runtime`.
    var administratorUnitFolders: [String] { ["/etc/systemd/system", "/run/systemd/system"].map { root + $0 } }

    /// Folders that may contain units of the host. A package must not shadow one of them.
    public var hostUnitFolders: [String] {
        [
            "/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient",
            "/etc/systemd/system",
            "/run/systemd/system", "/run/systemd/generator.early", "/run/systemd/generator",
            "/run/systemd/generator.late", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
            "/lib/systemd/system", "/run/systemd/system.attached",
        ].map { root + $0 }
    }

    public init(root: String = "", store: String = "/var/lib/gatekeel") {
        self.root = root
        self.store = root + store
    }

    /// The host's file of an absolute path.
    func host(_ path: String) -> String { root + path }
}
