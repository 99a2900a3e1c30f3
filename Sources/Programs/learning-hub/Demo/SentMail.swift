internal import Contracts
internal import Notification
internal import Platform

/// Real mail, looked up where the hub keeps what became of it.
struct SentMail: Sendable {
    let arguments: Arguments
    private static let countMax = 100

    /// What became of the welcome mail to somebody; nil while it is on its way.
    func fate(ofMailTo person: String) async throws -> String? {
        let mails = try await OpenHub.with(arguments) { hub in
            try await hub.mails { try await $0.list(countMax: Self.countMax) } ?? []
        }
        guard let mail = mails.first(where: { $0.userID.rawValue == person }) else { return nil }
        switch mail.state {
        case .sent: return "the mail server took it"
        case .failed: return "the mail server refused it: \(mail.reason ?? "no reason given")"
        case .waiting, .sending, .dropped: return nil
        }
    }
}
