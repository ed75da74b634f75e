import CLinux
import Glibc

/// Properties of a terminal.
public enum Terminal {
    /// `isatty(3)`.
    public static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Columns of the terminal (`TIOCGWINSZ`); nil when it is none or does not say.
    public static func columns(_ descriptor: Int32) -> Int? {
        var size = winsize()
        guard gk_ioctl_pointer(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
