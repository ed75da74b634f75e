import Deployment
import Journal

extension RecoveryNote {
    /// For the journal.
    func log() {
        switch kind {
        case .resumed, .reverted:
            Log.event(
                .deploymentRecovered,
                LogMessage(
                    "The interrupted deployment of \(package, .package) is \(kind.rawValue): \(text, .reason); see 'gatekeel history' for what became of it"
                ).with(.deployment, deployment))
        case .corrupt:
            Log.event(
                .stateRestored,
                LogMessage(
                    "Damage in the store was repaired: \(text, .reason); check the disk (dmesg) if it happens again"
                ).with(.package, package).with(.file, "The store's record of \(package)"))
        case .unreadable:
            Log.warning(
                LogMessage(
                    "A part of the store is left as it is: \(text, .reason); check the disk (dmesg), then restart gatekeel-installd"
                ).with(.package, package))
        case .detached:
            Log.warning(
                "Package \(package, .package) is gone from the store: \(text, .reason); check the disk (dmesg), then install it again"
            )
        case .overlaid:
            Log.warning("Package \(package, .package): \(text, .reason); see 'gatekeel packages \(package)'")
        case .cleaned:
            Log.info(LogMessage("Cleaned up: \(text)").with(.package, package))
        }
    }
}
