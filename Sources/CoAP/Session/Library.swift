import Linux
import CCoAP
import EventLoop

/// libcoap as a whole: started once, with a log handler in place of stderr.
@LoopActor
public enum CoAPLibrary {
    /// Gets libcoap's own warnings (level as in syslog, text); for debugging, for they may hold addresses.
    public static var log: ((_ level: Int32, _ text: String) -> Void)?

    /// The context whose code runs: log lines are about it.
    private static var context: Context?

    /// Runs a call into libcoap whose log lines are about one context.
    static func attribute<Result>(to context: Context, _ body: () -> Result) -> Result {
        let outer = self.context
        self.context = context
        defer { self.context = outer }
        return body()
    }

    private static let started: Void = {
        coap_startup()
        coap_set_log_handler(libraryLogged)
        gk_coap_log_warnings()
    }()

    static func start() { _ = started }

    fileprivate static func logged(_ level: Int32, _ text: String) {
        log?(level, text)
        if let text = CoAPLibrary.tail(of: text, after: "SSL3 alert ") {
            context?.alert = text.split(separator: ":").dropFirst().joined(separator: " alert: ")
        }
        if let text = CoAPLibrary.tail(of: text, after: "ICMP: ") { context?.unreachable = text }
        // The nack handler is not called for a message that libcoap does not keep.
        if let digits = CoAPLibrary.tail(of: text, after: "got RST for mid=0x"), let id = UInt16(digits, radix: 16) {
            context?.resets.append(id)
        }
    }

    private static func tail(of text: String, after mark: String) -> String? {
        guard let range = text.firstOccurrence(of: mark) else { return nil }
        return String(text[range.upperBound...].prefix { $0 != "\n" && $0 != "\r" })
    }
}

private func libraryLogged(_ level: coap_log_t, _ message: UnsafePointer<CChar>?) {
    guard let message else { return }
    LoopActor.assumeIsolated((gk_coap_log_number(level), String(cString: message))) { CoAPLibrary.logged($0, $1) }
}
