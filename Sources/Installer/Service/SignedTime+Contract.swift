import Contract
import Deployment

extension SignedTimeInfo {
    init(_ time: SignedTime?) {
        self.init(
            time: time?.seconds ?? 0, package: time?.package ?? "", version: time?.version ?? "",
            signer: time?.signer ?? "")
    }
}
