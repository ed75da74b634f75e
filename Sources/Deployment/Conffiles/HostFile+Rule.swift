import Packages

extension HostFile {
    /// Takes owner and mode from the manifest. Users and groups exist by the time that files are put in place.
    mutating func follow(_ rule: FileRule, _ accounts: HostAccounts) throws {
        guard let owner = accounts.users[rule.owner], let group = accounts.groups[rule.group]?.id,
            let mode = UInt32(rule.mode, radix: 8)
        else {
            throw DeploymentError(
                .failed,
                "\(rule.path) cannot be given to '\(rule.owner):\(rule.group)', which the host does not have; add the user or group to [Users] of the manifest"
            )
        }
        (self.owner, self.group, self.mode) = (owner, group, mode & 0o777)
    }
}
