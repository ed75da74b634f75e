/// What this is.
public enum Product {
    /// Of all programs of the package; the same as the newest entry of `packaging/debian/changelog` (a test holds that).
    public static let version = "0.1.0"
}
