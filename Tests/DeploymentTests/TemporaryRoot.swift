import Glibc
import Linux

@testable import Deployment

/// A folder that stands for the host's root, in memory where there is such a place; gone with the value.
final class TemporaryRoot: Sendable {
    let path: String
    let paths: HostPaths

    init() {
        let base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        path = "\(base)/gatekeel-test-\(Store.makeToken(6))"
        paths = HostPaths(root: path)
        try? Files.makeDirectories("\(path)/etc/systemd/system")
    }

    deinit { try? Files.removeTree(path) }

    func write(_ name: String, _ text: String) {
        let file = "\(path)\(name)"
        try? Files.makeDirectories(Files.split(file).folder)
        try? Files.replace(file, with: Array(text.utf8), mode: 0o644)
    }

    func read(_ name: String) -> String? {
        (try? Files.read("\(path)\(name)", limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
    }

    func exists(_ name: String) -> Bool { (try? Files.exists("\(path)\(name)")) == true }

    /// All files and links beneath a folder, relative to it.
    func tree(_ name: String) -> [String] {
        var found: [String] = []
        func walk(_ folder: String, _ prefix: String) {
            for entry in (try? Files.names(in: folder)) ?? [] {
                let path = "\(folder)/\(entry)"
                if (try? Files.isFolder(path)) == true {
                    walk(path, "\(prefix)\(entry)/")
                } else {
                    found.append(prefix + entry)
                }
            }
        }
        walk(path + name, "")
        return found
    }
}
