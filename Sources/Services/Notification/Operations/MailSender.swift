internal import Contracts
internal import Mail
internal import Messaging
internal import Observability
internal import Platform
internal import Synchronization

/// The connection to the mail server, and its observed state.
final class MailSender: Sendable {
    let transport: any MailTransport
    let from: Mailbox
    let limits: MailLimits
    let logger: Logger
    let outage: OutageLog
    let meter: MailMeter
    private let tasks: Tasks
    private let isUp = Atomic(true)

    init(
        transport: any MailTransport, from: Mailbox, limits: MailLimits, tasks: Tasks, logger: Logger, metrics: Metrics
    ) {
        self.transport = transport
        self.from = from
        self.limits = limits
        self.tasks = tasks
        self.logger = logger
        outage = OutageLog(
            logger, failing: "the mail server does not accept mail", over: "the mail server accepts mail again")
        meter = MailMeter(metrics)
        metrics.gauge("hub_mail_server_up", help: "Whether the mail server accepts mail.") { [weak self] in
            self?.isServerUp == false ? 0 : 1
        }
    }

    /// A mail fails because of the server's replies or its age, not after a number of attempts.
    var policy: TaskPolicy {
        var policy = TaskPolicy()
        policy.attemptsMax = .max
        policy.timeMax = limits.timeout + limits.writingTime
        policy.concurrencyMax = limits.concurrencyMax
        policy.retry.delayBase = limits.retryDelayBase
        policy.retry.delayMax = limits.retryDelayMax
        policy.retry.dependencyDelayMax = limits.serverPauseMax
        return policy
    }

    /// Whether the server accepted the last mail, or refused only that mail.
    var isServerUp: Bool { isUp.load(ordering: .relaxed) }

    /// Whether sending is paused because the server accepted no mail.
    var isServerPaused: Bool { !isServerUp && tasks.isResting(DeliverMail.self) }

    /// Sends a mail, while no transaction is open.
    func handOver(_ mail: Delivery) async -> DeliveryOutcome {
        let outcome = await attempt(mail)
        switch outcome {
        case .sent, .refused(code: .some, _), .deferred(code: .some, _):
            isUp.store(true, ordering: .relaxed)
            outage.succeeded([.url: .text(transport.server)])
        case .serverUnwilling: isUp.store(false, ordering: .relaxed)
        case .refused, .deferred: break
        }
        return outcome
    }

    private func attempt(_ mail: Delivery) async -> DeliveryOutcome {
        guard let address = EmailAddress(mail.to) else { return .refused(code: nil, reason: "not an address") }
        let letter = Letter(mail.kind, mail.facts)
        let message: MailMessage
        do {
            message = try MailMessage(
                from: from, to: Mailbox(name: mail.recipientName, address: address), subject: mail.subject,
                text: letter.text, html: letter.html,
                messageID: MessageID(eventID: mail.eventID.rawValue, domain: from.address.domain), date: mail.createdAt)
        } catch {
            return .refused(code: nil, reason: "a part of the mail is too long")
        }
        do {
            try await transport.send(message)
            return .sent
        } catch {
            return DeliveryOutcome(error)
        }
    }
}

/// Counts the results of attempts.
struct MailMeter: Sendable {
    let sent: Counter
    let failed: Counter
    let deferred: Counter
    let unwilling: Counter

    init(_ metrics: Metrics) {
        func counter(_ outcome: String) -> Counter {
            metrics.counter("hub_mails_total", help: "Attempts to send a mail.", labels: ["outcome": outcome])
        }
        sent = counter("sent")
        failed = counter("failed")
        deferred = counter("deferred")
        unwilling = counter("unwilling")
    }
}

extension DeliveryOutcome {
    init(_ error: MailError) {
        switch error {
        case .refused(let refusal):
            switch refusal.verdict {
            case .serverUnwilling: self = .serverUnwilling(code: refusal.code, reason: "\(refusal)")
            case .putOff: self = .deferred(code: refusal.code, reason: "\(refusal)")
            case .refused: self = .refused(code: refusal.code, reason: "\(refusal)")
            }
        case .unavailable(let reason): self = .serverUnwilling(code: nil, reason: reason)
        // The server may have accepted the mail. It is sent again with the same Message-ID: a duplicate is better than a lost mail.
        case .interrupted(let reason): self = .deferred(code: nil, reason: reason)
        case .cancelled: self = .deferred(code: nil, reason: "broken off")
        }
    }
}
