import LwM2M

/// Update State (9/x/7).
public enum UpdateState: Int, Sendable, CaseIterable {
    case initial = 0
    case downloadStarted, downloaded, delivered, installed
}

/// Update Result (9/x/9): the registry's values that Gatekeel uses, and no others. ThingsBoard's server fails on unknown
/// numbers; 55 is undefined.
public enum UpdateResult: Int, Sendable, CaseIterable {
    case initial = 0
    case downloading = 1
    case installed = 2
    case verified = 3
    case noStorage = 50
    case outOfMemory = 51
    case connectionLost = 52
    case integrityFailure = 53
    case unsupportedType = 54
    case invalidURI = 56
    case deviceError = 57
    case installFailure = 58
    case uninstallFailure = 59
}

/// What happens to a Software Management instance.
public enum SoftwareEvent: Hashable, Sendable {
    /// The first block of a Package, or a whole small one.
    case pushStarted
    /// A Package URI that can be fetched.
    case uriAccepted
    /// A delivery that is refused before it begins: a Package URI that cannot be used, no space.
    case deliveryRefused(UpdateResult)
    /// The transfer ended without a package; with `initial` it was cancelled.
    case transferFailed(UpdateResult)
    /// All bytes are stored.
    case transferCompleted
    /// Signature and contents hold.
    case verified
    /// They do not, or the package may not be installed here.
    case refused(UpdateResult)
    case installSucceeded
    case installFailed
    /// Uninstall without argument or with 0, done.
    case uninstalled
    case uninstallFailed
    /// Uninstall with 1: ready for an update of the release in place.
    case updatePrepared
    /// The host was rebooted.
    case rebooted
    /// The package was installed or updated by somebody else: on the host itself.
    case appeared
    /// The package was removed by somebody else.
    case vanished
}

extension UpdateState {
    /// The transition table of object 9 (OMA's registry, object 9 version 1.0).
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - inPlace: whether a release of the instance's package is installed now (after the event).
    /// - Returns: the next state and result, where a nil result keeps the present one; nil when the event does not apply.
    func next(_ event: SoftwareEvent, inPlace: Bool) -> (state: UpdateState, result: UpdateResult?)? {
        switch (self, event) {
        case (.initial, .pushStarted), (.initial, .uriAccepted): (.downloadStarted, .downloading)
        case (.initial, .deliveryRefused(let result)): (.initial, result)
        case (.downloadStarted, .transferFailed(let result)): (.initial, result)
        case (.downloadStarted, .transferCompleted): (.downloaded, .initial)
        case (.downloaded, .verified): (.delivered, .verified)
        case (.downloaded, .refused(let result)): (.initial, result)
        case (.delivered, .installSucceeded): (.installed, .installed)
        case (.delivered, .installFailed): (.delivered, .installFailure)
        // With an old release in place, only the pending package is discarded.
        case (.delivered, .uninstalled), (.initial, .uninstalled): (inPlace ? .installed : .initial, .initial)
        case (.installed, .uninstalled): (.initial, .initial)
        case (.installed, .uninstallFailed): (.installed, .uninstallFailure)
        case (.installed, .updatePrepared): (.initial, .initial)
        case (.initial, .rebooted), (.initial, .appeared): inPlace ? (.installed, .installed) : nil
        case (.installed, .appeared): (.installed, nil)
        case (.installed, .vanished): (.initial, .initial)
        default: nil
        }
    }
}
