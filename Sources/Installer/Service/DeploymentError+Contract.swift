import Contract
import Deployment

extension ContractError {
    /// Any error of the engine, as the contract names it.
    init(deployment error: any Error) {
        if let error = error as? ContractError {
            self = error
            return
        }
        let error = DeploymentError.wrapping(error)
        self.init(error.code, error.text)
    }
}

extension StagedInfo {
    init(_ package: StagedPackage) {
        let record = package.record
        self.init(
            token: package.token, name: record.name, version: record.version, architecture: record.architecture,
            description: record.description, signer: record.signer, size: record.packageSize,
            installedSize: record.installedSize, stagedAt: package.stagedAt, units: record.units.map(\.name),
            warnings: record.warnings)
    }
}

extension DeploymentInfo {
    init(_ status: DeploymentStatus) {
        self.init(
            id: status.id, package: status.package, operation: status.operation.rawValue, version: status.version,
            previous: status.oldVersion, state: status.phase.rawValue, percent: status.percent,
            result: Result(rawValue: status.result.rawValue) ?? .failed, reason: status.reason?.description ?? "",
            isDown: status.isDown, token: status.token, startedAt: status.startedAt, endedAt: status.endedAt,
            downtime: status.downtime ?? .zero,
            until: status.until)
    }
}

extension PackageInfo {
    /// - Parameters:
    ///   - isActive: systemd's word on the package's units.
    ///   - reasonVersion: the version that the reason is about.
    init(_ status: PackageStatus, isActive: Bool, reasonVersion: String) {
        self.init(
            name: status.name, version: status.version, previous: status.previousVersion,
            state: status.isInstalled ? .installed : .absent, isActive: isActive,
            // A package without units runs nothing: the last word on it counts.
            isEnabled: status.units.isEmpty ? status.isActivated : status.isEnabled,
            units: status.units.map(\.name), signer: status.signer, description: status.description,
            architecture: status.architecture, installedAt: status.installedAt,
            reason: status.reason?.description ?? "", reasonVersion: reasonVersion, warnings: status.warnings)
    }
}
