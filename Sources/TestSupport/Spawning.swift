import Glibc

/// What `posix_spawn(3)` can do on this machine.
public enum Spawning {
    /// Whether it reports that a program is missing. qemu-user emulates its vfork(2) as fork(2), and the child's error is lost.
    public static let reportsMissingPrograms: Bool = {
        var process: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [nil]
        let result = posix_spawn(&process, "/nonexistent/program", nil, nil, &arguments, environ)
        guard result == 0 else { return result == ENOENT }
        var status: Int32 = 0
        waitpid(process, &status, 0)
        return false
    }()
}
