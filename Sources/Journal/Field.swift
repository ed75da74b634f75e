/// The journal fields that Gatekeel sets, so that `journalctl PACKAGE=rinetd` shows the messages about one package.
///
/// Names have capital letters and underscores only: the catalogue's `@NAME@` knows no digits (`catalog(7)`).
public enum Field: String, Sendable, CaseIterable {
    /// A path of the data model: `/9/0/7`.
    case path = "GATEKEEL_PATH"
    /// The account's name in the configuration.
    case server = "GATEKEEL_SERVER"
    /// This client's endpoint name.
    case endpoint = "GATEKEEL_ENDPOINT"
    /// A CoAP response code: `4.05`.
    case code = "COAP_CODE"
    case package = "PACKAGE"
    case version = "PACKAGE_VERSION"
    /// The version that was in place before.
    case previous = "PACKAGE_PREVIOUS_VERSION"
    case deployment = "DEPLOYMENT"
    /// What the deployment does: install, update, remove, activate, …
    case operation = "OPERATION"
    case state = "STATE"
    /// A systemd unit of a package. Not `UNIT=`, which is the service manager's.
    case unit = "PACKAGE_UNIT"
    /// Why: a short token and a text.
    case reason = "REASON"
    /// A file or folder.
    case file = "FILE"
    case line = "LINE"
    /// Subject of a certificate.
    case certificate = "CERTIFICATE"
    /// A moment, ISO 8601.
    case time = "TIME"
    /// A user name or number.
    case user = "CALLER"
    case bytes = "BYTES"
    /// A key of the configuration.
    case key = "KEY"
}
