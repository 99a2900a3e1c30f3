internal import Contracts
internal import Mail
internal import Messaging
internal import Observability
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The task of sending a mail. Its key is the id of the requesting event; the content is in `delivery`.
struct DeliverMail: TaskPayload {
    static let kind = "deliver-mail"
    let eventID: EventID
}

/// The mail was permanently refused, by the server or by us.
struct MailRefused: ClassifiedError, CustomStringConvertible {
    /// The server's reply code, nil when the mail was not sent to the server.
    var code: Int?
    var reason: String
    var failureClass: FailureClass { .permanent }
    var description: String { reason }
}

/// A mail is sent once, except after a crash between the server's acceptance and our commit: then it is sent again with the same
/// `Message-ID`, because a duplicate is better than a lost mail.
extension Operations {
    func deliver(_ task: DeliverMail, _ run: TaskRun, by sender: MailSender) async throws {
        // nil: already sent, or the recipient is erased.
        guard let mail = try await store.beginDelivery(task.eventID, on: database) else { return }
        try await note(await sender.handOver(mail), of: mail, run, by: sender)
    }

    /// Stores the result of an attempt.
    /// - Throws: when the mail was not sent, a failure that decides how the task continues; ``TaskLost``.
    func note(_ outcome: DeliveryOutcome, of mail: Delivery, _ run: TaskRun, by sender: MailSender) async throws {
        let time = now(), logger = sender.logger
        switch outcome {
        case .sent:
            sender.meter.sent.increment()
            logger.info("mail sent", [.eventID: .text(mail.eventID.rawValue), .attempt: LogValue(mail.attempt)])
            try await write { tx in
                store.updateDelivery(mail, .sent, dueAt: time, at: time, on: tx)
                journal.note(.mail, mail.kind.rawValue, eventID: mail.eventID, on: tx)
                try await run.finish(on: tx)
            }
        case .refused(let code, let reason): throw MailRefused(code: code, reason: reason)
        case .deferred(let code, let reason):
            let since = mail.putOffSince ?? time
            if time.timeIntervalSince(since) > sender.limits.retryAgeMax / .seconds(1) {
                throw MailRefused(code: code, reason: reason)
            }
            var random = SystemRandomNumberGenerator()
            let pause = sender.policy.retry.delay(after: mail.attempt, using: &random)
            let dueAt = time.addingTimeInterval(pause / .seconds(1))
            sender.meter.deferred.increment()
            logger.info("mail deferred", facts(mail.eventID, code, reason))
            try await write { tx in
                store.updateDelivery(
                    mail, .waiting, dueAt: dueAt, putOffSince: since, code: code, reason: reason, at: time, on: tx)
                journal.note(.mail, step(mail.kind.rawValue, "put off", code), eventID: mail.eventID, on: tx)
                try await run.again(at: dueAt, on: tx)
            }
        case .serverUnwilling(let code, let reason):
            sender.meter.unwilling.increment()
            sender.outage.failed(
                [.url: .text(sender.transport.server), .code: LogValue(code ?? 0), .reason: .text(reason)])
            try await database.transaction { tx in
                store.updateDelivery(
                    mail, .waiting, dueAt: time, code: code, reason: reason, isCounted: false, at: time, on: tx)
            }
            throw Failure.dependencyDown("the mail server accepts no mail")
        }
    }

    /// The mail has failed; only an operator can have it sent again.
    func giveUp(_ task: DeliverMail, because error: any Error, by sender: MailSender, on tx: Transaction) async throws {
        let refusal = error as? MailRefused ?? MailRefused(reason: FailureClass.name(of: error))
        guard
            let kind = try await store.failDelivery(
                task.eventID, code: refusal.code, reason: refusal.reason, at: now(), on: tx)
        else { return }
        journal.note(.mail, step(kind, "failed", refusal.code), eventID: task.eventID, on: tx)
        tx.afterCommit {
            sender.meter.failed.increment()
            sender.logger.error("mail failed", facts(task.eventID, refusal.code, refusal.reason))
        }
    }

    /// Retries storing the result while the database is down: without it the mail would be sent twice.
    private func write(_ body: (Transaction) async throws -> Void) async throws {
        do { try await database.transaction(body) } catch is PostgresError { try await database.transaction(body) }
    }

    /// The name of the journal step: `welcome put off 451`.
    private func step(_ kind: String, _ outcome: String, _ code: Int?) -> String {
        "\(kind) \(outcome)" + (code.map { " \($0)" } ?? "")
    }

    private func facts(_ event: EventID, _ code: Int?, _ reason: String) -> [LogKey: LogValue] {
        [.eventID: .text(event.rawValue), .code: LogValue(code ?? 0), .reason: .text(reason)]
    }
}
