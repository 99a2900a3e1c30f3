internal import Contracts
internal import EventLoop
internal import Mail
internal import Messaging
internal import Observability
internal import Postgres
internal import Synchronization

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension MailSender {
    /// One attempt at a mail that this sender has claimed, and what came of it written down.
    func deliver(_ mail: Delivery) async {
        await TraceContext.$current.withValue(mail.journey.resumed(because: mail.eventID)) {
            let outcome = await handOver(mail)
            await note(outcome, of: mail)
        }
    }

    private func handOver(_ mail: Delivery) async -> DeliveryOutcome {
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

    private func note(_ outcome: DeliveryOutcome, of mail: Delivery) async {
        let time = now()
        switch outcome {
        case .sent:
            meter.sent.increment()
            server.withLock { $0.answered() }
            logger.info("mail sent", [.eventID: .text(mail.eventID.rawValue), .attempt: LogValue(mail.attempt)])
            await write(mail) { try await $0.updateDelivery(mail, .sent, dueAt: time, at: time, on: $1) }
            await tell(mail, "")
        case .refused(let code, let reason):
            if code != nil { server.withLock { $0.answered() } }
            await fail(mail, code, reason, at: time)
        case .deferred(let code, let reason):
            if code != nil { server.withLock { $0.answered() } }
            await deferOrFail(mail, code, reason, at: time)
        case .serverUnwilling(let code, let reason):
            await waitForServer(mail, code, reason, at: time)
        }
    }

    /// The mail has not been tried, in truth: it goes to the end of the line, so that another one tries the server the next time.
    private func waitForServer(_ mail: Delivery, _ code: Int?, _ reason: String, at time: Date) async {
        meter.unwilling.increment()
        server.withLock { $0.failed(pauseMax: code == nil ? limits.serverPauseMax : limits.refusedPauseMax) }
        logger.warning("the mail server takes no mail", [.code: LogValue(code ?? 0), .reason: .text(reason)])
        await write(mail) {
            try await $0.updateDelivery(
                mail, .waiting, dueAt: time, code: code, reason: reason, isCounted: false, at: time, on: $1)
        }
    }

    private func fail(_ mail: Delivery, _ code: Int?, _ reason: String, at time: Date) async {
        meter.failed.increment()
        logger.warning("mail failed", facts(mail, code, reason))
        await write(mail) {
            try await $0.updateDelivery(mail, .failed, dueAt: time, code: code, reason: reason, at: time, on: $1)
        }
        await tell(mail, " failed", code)
    }

    private func deferOrFail(_ mail: Delivery, _ code: Int?, _ reason: String, at time: Date) async {
        let since = mail.putOffSince ?? time
        if time.timeIntervalSince(since) > limits.retryAgeMax / .seconds(1) {
            return await fail(mail, code, reason, at: time)
        }
        var policy = RetryPolicy()
        policy.delayBase = limits.retryDelayBase
        policy.delayMax = limits.retryDelayMax
        var random = SystemRandomNumberGenerator()
        let dueAt = time.addingTimeInterval(policy.delay(after: mail.attempt, using: &random) / .seconds(1))
        meter.deferred.increment()
        logger.info("mail put off", facts(mail, code, reason))
        await write(mail) {
            try await $0.updateDelivery(
                mail, .waiting, dueAt: dueAt, putOffSince: since, code: code, reason: reason, at: time, on: $1)
        }
        await tell(mail, " put off", code)
    }

    /// Notes in the journey what came of an attempt: `welcome`, `welcome failed 550`. That the journal cannot be written changes
    /// nothing about the mail.
    private func tell(_ mail: Delivery, _ outcome: String, _ code: Int? = nil) async {
        let name = mail.kind.rawValue + outcome + (code.map { " \($0)" } ?? "")
        try? await journal.note(.mail, name, eventID: mail.eventID, in: database)
    }

    /// As long as the claim lasts, roughly. When it cannot be written down, the claim runs out and the mail is sent again.
    private func write(_ mail: Delivery, _ body: (Store, Database) async throws -> Void) async {
        var policy = RetryPolicy()
        policy.delayMax = limits.leaseMargin / 4
        var random = SystemRandomNumberGenerator()
        for attempt in 1...policy.attemptsMax {
            do {
                return try await body(store, database)
            } catch {
                logger.warning("what came of a mail could not be written down", [.error: LogValue(error)])
                try? await loops.next().sleep(for: policy.delay(after: attempt, using: &random))
            }
        }
    }

    private func facts(_ mail: Delivery, _ code: Int?, _ reason: String) -> [LogKey: LogValue] {
        [
            .eventID: .text(mail.eventID.rawValue), .attempt: LogValue(mail.attempt), .code: LogValue(code ?? 0),
            .reason: .text(reason),
        ]
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
        // The server may have taken the mail. It is sent again, under the same Message-ID: rather twice than not at all.
        case .interrupted(let reason): self = .deferred(code: nil, reason: reason)
        case .cancelled: self = .deferred(code: nil, reason: "broken off")
        }
    }
}
