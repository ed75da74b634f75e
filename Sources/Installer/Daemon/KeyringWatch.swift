import Contract
import EventLoop
import Journal
import Signing

/// The keyring as others see it, and warnings before its certificates end.
@LoopActor
final class KeyringWatch {
    static let folder = "/etc/gatekeel/keyring.d"

    /// How long before its end a certificate is warned of; zero is never.
    var warning: Duration

    private let folder: String
    private let scheduler: any Scheduler
    private let now: @LoopActor () -> Int64
    private var timer: (any Scheduled)?

    init(
        folder: String = KeyringWatch.folder, warning: Duration, scheduler: any Scheduler,
        now: @escaping @LoopActor () -> Int64
    ) {
        self.folder = folder
        self.warning = warning
        self.scheduler = scheduler
        self.now = now
    }

    /// The certificates, read anew.
    func certificates() async throws -> [CertificateInfo] {
        let folder = folder
        return try await Worker.shared.run {
            try Keyring.load(folder).entries.map { entry in
                CertificateInfo(
                    subject: entry.certificate.subject, notAfter: entry.certificate.notAfter,
                    sha256: entry.certificate.fingerprint, file: entry.path)
            }
        }
    }

    /// Looks now and once a day.
    func start() {
        timer?.cancel()
        timer = scheduler.schedule(after: .seconds(86400)) { [weak self] in self?.start() }
        LoopActor.spawn { [weak self] in await self?.look() }
    }

    private func look() async {
        do {
            for certificate in try await certificates() { warn(certificate) }
        } catch {
            Log.warning(
                "The keyring cannot be read, so no package can be verified: \("\(error)", .reason); 'gatekeel config check' names the file, correct or remove it"
            )
        }
    }

    private func warn(_ certificate: CertificateInfo) {
        let left = certificate.notAfter - now()
        guard warning > .zero, left <= warning.components.seconds else { return }
        let what = left < 0 ? "has ended" : "ends in \(left / 86400) days"
        Log.event(
            .certificateExpires,
            LogMessage(
                "The certificate \(certificate.subject, .certificate) \(what); add its successor to \(folder)"
            )
            .with(.time, isoTime(certificate.notAfter)).with(.file, certificate.file))
    }
}
