internal import Contracts
internal import Notification
internal import Platform

/// Real mail, looked up in the hub's delivery records.
struct SentMail: Sendable {
    let arguments: Arguments
    private static let countMax = 100

    /// The outcome of a person's welcome mail; nil while pending.
    func fate(ofMailTo person: String) async throws -> String? {
        let mails = try await OpenHub.with(arguments) { hub in
            try await hub.mails { try await $0.list(countMax: Self.countMax) } ?? []
        }
        guard let mail = mails.first(where: { $0.userID.rawValue == person }) else { return nil }
        switch mail.state {
        case .sent: return "the mail server accepted it"
        case .failed: return "the mail server refused it: \(mail.reason ?? "no reason given")"
        case .waiting, .sending, .dropped: return nil
        }
    }
}
