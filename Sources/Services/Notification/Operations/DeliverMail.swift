internal import Contracts
internal import Messaging
internal import Observability
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A mail is to go out: the one that an event asks for, whose id is the task's key. What it says is in `delivery`.
struct DeliverMail: TaskPayload {
    static let kind = "deliver-mail"
    let eventID: EventID
}

/// The server, or we ourselves, refuse a mail for good.
struct MailRefused: ClassifiedError, CustomStringConvertible {
    /// The server's answer, nil when the mail never got that far.
    var code: Int?
    var reason: String
    var failureClass: FailureClass { .permanent }
    var description: String { reason }
}

/// A mail goes out once, but for a crash between the server's word and ours: we rather send that one twice than not at all, under the
/// same `Message-ID`.
extension Operations {
    func deliver(_ task: DeliverMail, _ run: TaskRun, by sender: MailSender) async throws {
        // Nil: it is out, or its reader is erased.
        guard let mail = try await store.beginDelivery(task.eventID, on: database) else { return }
        try await note(await sender.handOver(mail), of: mail, run, by: sender)
    }

    /// Writes down what came of an attempt.
    /// - Throws: a failure that says what becomes of the task, when the mail is not out; ``TaskLost``.
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
            logger.info("mail put off", facts(mail.eventID, code, reason))
            try await write { tx in
                store.updateDelivery(
                    mail, .waiting, dueAt: dueAt, putOffSince: since, code: code, reason: reason, at: time, on: tx)
                journal.note(.mail, step(mail.kind.rawValue, "put off", code), eventID: mail.eventID, on: tx)
                try await run.again(at: dueAt, on: tx)
            }
        case .serverUnwilling(let code, let reason):
            sender.meter.unwilling.increment()
            sender.outage.failed([.code: LogValue(code ?? 0), .reason: .text(reason)])
            try await database.transaction { tx in
                store.updateDelivery(
                    mail, .waiting, dueAt: time, code: code, reason: reason, isCounted: false, at: time, on: tx)
            }
            throw Failure.dependencyDown("the mail server takes no mail")
        }
    }

    /// The mail will not be sent, unless an operator says so.
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

    /// The server's word on a mail is not thrown away because the database was restarted: the mail would go out twice.
    private func write(_ body: (Transaction) async throws -> Void) async throws {
        do { try await database.transaction(body) } catch is PostgresError { try await database.transaction(body) }
    }

    /// A step of the journey: `welcome put off 451`.
    private func step(_ kind: String, _ outcome: String, _ code: Int?) -> String {
        "\(kind) \(outcome)" + (code.map { " \($0)" } ?? "")
    }

    private func facts(_ event: EventID, _ code: Int?, _ reason: String) -> [LogKey: LogValue] {
        [.eventID: .text(event.rawValue), .code: LogValue(code ?? 0), .reason: .text(reason)]
    }
}
