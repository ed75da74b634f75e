import CLinux
import Glibc

/// A folder that is held by its descriptor: what is done in it stays in it, whatever becomes of its path.
///
/// The way to it is walked one name at a time. A symbolic link on the way is followed only where nobody but root can have put
/// it: it is root's, and so is every folder above it, into none of which others may write. That is an administrator's
/// `/etc/foo -> /srv/foo`. Any other link is refused (`ELOOP`), so that no user can lead root elsewhere.
public struct HeldFolder: ~Copyable, Sendable {
    /// The path that was asked for, with the root's prefix; for messages.
    public let path: String
    /// Where it is, below the root: the path without the links that were followed.
    public let place: String
    /// Whether nobody but root can change or exchange the folder.
    public let isRootsAlone: Bool
    let file: FileDescriptor

    private static let linkLimit = 40

    /// Holds a folder of the host.
    ///
    /// - Parameters:
    ///   - path: absolute, as the host has it.
    ///   - root: a folder that stands for `/`; empty for `/` itself. Absolute links begin there.
    ///   - mode: missing folders are made with it, durably; nil makes none.
    /// - Throws: `ENOENT`, `ENOTDIR`; `ELOOP` for a link that others than root can have made.
    public static func open(
        _ path: String, root: String = "", making mode: mode_t? = nil
    ) throws(Errno) -> HeldFolder {
        var known: [String] = []
        var rest = components(path)
        var links = 0
        while true {
            var walk = Walk(
                folder: try FileDescriptor.open(root.isEmpty ? "/" : root, O_RDONLY | O_DIRECTORY),
                names: [], rest: known + rest)
            walk.isRootsAlone = try isRootsAlone(walk.folder)
            guard let detour = try walk.run(making: mode) else {
                return HeldFolder(
                    path: root + path, place: "/" + walk.names.joined(separator: "/"), isRootsAlone: walk.isRootsAlone,
                    file: walk.end())
            }
            // All folders up to here are root's alone: nobody exchanges them before the next walk.
            (known, rest) = (detour.names, detour.rest)
            links += 1
            guard links <= linkLimit else { throw Errno(ELOOP, "open \(root)\(path)") }
        }
    }

    /// By bytes, as the kernel does: in a string, a combining character would make one character with the '/' before it.
    fileprivate static func components(_ path: String) -> [String] {
        path.utf8.split(separator: 0x2F).map { String(Substring($0)) }.filter { $0 != "." }
    }

    /// Without root, as in tests, the caller is taken for root.
    fileprivate static func isRoots(_ owner: uid_t) -> Bool { owner == 0 || owner == geteuid() }

    fileprivate static func isRootsAlone(_ folder: borrowing FileDescriptor) throws(Errno) -> Bool {
        let status = try folder.status()
        // The mask of an access control list is the group's part of the mode.
        return isRoots(status.st_uid) && status.st_mode & 0o022 == 0
    }

    /// Refuses what is not one name.
    func require(_ name: String) throws(Errno) {
        guard !name.isEmpty, !name.utf8.contains(0x2F), name != ".", name != ".." else {
            throw Errno(EINVAL, "\(path)/\(name) (one name is wanted)")
        }
    }
}

/// One walk from the root towards a folder.
private struct Walk: ~Copyable {
    var folder: FileDescriptor
    /// The way so far; no link is in it.
    var names: [String]
    /// What is left of the way, the next name first.
    var rest: [String]
    var isRootsAlone = false

    init(folder: consuming FileDescriptor, names: [String], rest: [String]) {
        self.folder = folder
        self.names = names
        self.rest = rest
    }

    consuming func end() -> FileDescriptor { folder }

    /// - Returns: where to walk instead, because of a link; nil at the end of the way.
    mutating func run(making mode: mode_t?) throws(Errno) -> (names: [String], rest: [String])? {
        while !rest.isEmpty {
            let name = rest.removeFirst()
            if name == ".." {
                try requireTrust("..")
                return (names.dropLast(), rest)
            }
            do throws(Errno) {
                folder = try enter(name)
            } catch {
                switch error.code {
                case ELOOP, ENOTDIR:
                    guard let target = try link(name) else { throw error }
                    let parts = HeldFolder.components(target)
                    return (target.hasPrefix("/") ? [] : names, parts + rest)
                case ENOENT:
                    guard let mode else { throw error }
                    folder = try make(name, mode)
                default: throw error
                }
            }
            names.append(name)
            if isRootsAlone { isRootsAlone = try HeldFolder.isRootsAlone(folder) }
        }
        return nil
    }

    private func enter(_ name: String) throws(Errno) -> FileDescriptor {
        // A user may mount a file system of its own (FUSE) in its own folders.
        let resolve =
            gk_RESOLVE_BENEATH | gk_RESOLVE_NO_MAGICLINKS | gk_RESOLVE_NO_SYMLINKS
            | (isRootsAlone ? 0 : gk_RESOLVE_NO_XDEV)
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let base = folder.raw
        let raw = try retrying("open \(shown(name))") {
            gk_openat2(base, name, UInt64(UInt32(bitPattern: flags)), 0, resolve)
        }
        return FileDescriptor(owning: raw)
    }

    /// The target of a link that may be followed; nil when it is no link.
    private func link(_ name: String) throws(Errno) -> String? {
        var status = stat()
        let base = folder.raw
        try retrying("look at \(shown(name))") { fstatat(base, name, &status, AT_SYMLINK_NOFOLLOW) }
        guard status.st_mode & S_IFMT == S_IFLNK else { return nil }
        guard HeldFolder.isRoots(status.st_uid) else { throw refusal(name) }
        try requireTrust(name)
        return try readLink(at: folder, name, shown(name))
    }

    private func requireTrust(_ name: String) throws(Errno) {
        if !isRootsAlone { throw refusal(name) }
    }

    private func refusal(_ name: String) -> Errno {
        Errno(
            ELOOP,
            "'\(shown(name))' is a link that others than root can put there; it is not followed; remove it, or let root own it and its folder"
        )
    }

    private func make(_ name: String, _ mode: mode_t) throws(Errno) -> FileDescriptor {
        let base = folder.raw
        let result = mkdirat(base, name, mode)
        if result != 0, errno != EEXIST { throw Errno.current("mkdir \(shown(name))") }
        let made = try enter(name)
        if result == 0 {
            try made.setMode(UInt32(mode))
            try folder.synchronize()
        }
        return made
    }

    private func shown(_ name: String) -> String { "/" + (names + [name]).joined(separator: "/") }
}

/// `readlinkat(2)`.
func readLink(at folder: borrowing FileDescriptor, _ name: String, _ context: String) throws(Errno) -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let base = folder.raw
    let length = try retrying("read the link \(context)") { readlinkat(base, name, &buffer, buffer.count) }
    return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
