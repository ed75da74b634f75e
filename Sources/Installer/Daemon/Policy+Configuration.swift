import Configuration
import Deployment

extension Policy {
    /// What `installd.conf` says.
    init(_ configuration: InstallerConfiguration) {
        self.init()
        allowDowngrade = configuration.install.allowDowngrade
        maxPackageSize = configuration.install.maxPackageSize
        copyDeadline = configuration.install.stageTimeout
        probationTime = configuration.probation.time
        startTimeout = configuration.probation.startTimeout
        stopTimeout = configuration.probation.stopTimeout
        allowedRestarts = configuration.probation.maxRestarts
        maxBoots = configuration.probation.maxBoots
    }
}
