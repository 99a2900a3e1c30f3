internal import Contracts
internal import Messaging
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Store {
    // MARK: Sending

    /// Stores a mail until it is sent, unless the recipient is erased.
    func insertDelivery(_ mail: Delivery, journey: Journey, on tx: Transaction) throws {
        tx.submit("\(try newDelivery(mail, journey, state: .waiting))")
    }

    /// Stores a mail in the development mailbox, unless the recipient is erased.
    func insertIntoMailbox(
        _ mail: Delivery, _ letter: Letter, messageID: String, journey: Journey, on tx: Transaction
    ) throws {
        tx.submit(
            """
            with delivered as (\(try newDelivery(mail, journey, state: .sent)) returning event_id)
            insert into mailbox (message_id, user_id, recipient, subject, body_text, body_html, received_at)
            select \(messageID), \(mail.userID.rawValue), \(mail.to), \(mail.subject), \(letter.text), \(letter.html),
                \(mail.createdAt)
            from delivered
            on conflict do nothing
            """)
    }

    /// The content is deleted after sending.
    private func newDelivery(_ mail: Delivery, _ journey: Journey, state: DeliveryState) throws -> SQL {
        let isOut = state == .sent
        let (to, subject) = isOut ? (nil, nil) : (mail.to, mail.subject)
        let facts = isOut ? nil : try JSONValue(mail.facts)
        let finishedAt = isOut ? mail.createdAt : nil
        return """
            insert into delivery (event_id, user_id, state, due_at, recipient, subject, kind, facts, correlation_id,
                created_at, finished_at)
            select \(mail.eventID.rawValue), \(mail.userID.rawValue), \(state.rawValue), \(mail.createdAt),
                \(to as String?), \(subject as String?), \(mail.kind.rawValue), \(facts as JSONValue?),
                \(journey.correlationID), \(mail.createdAt), \(finishedAt as Date?)
            where (select erased_at from recipient where user_id = \(mail.userID.rawValue) for share) is null
            on conflict do nothing
            """
    }

    /// Starts an attempt; also after a failure, when an operator restarted the task.
    ///
    /// Commits on its own, before the mail server is contacted.
    /// - Returns: nil when there is nothing to send: already sent, or the recipient is erased.
    func beginDelivery(_ event: EventID, on database: Database) async throws -> Delivery? {
        let rows = try await database.query(
            """
            update delivery set state = 'sending', attempts = attempts + 1, finished_at = null,
                put_off_since = case when state = 'failed' then null else put_off_since end
            where event_id = \(event.rawValue) and state in ('waiting', 'sending', 'failed')
            returning user_id, recipient, subject, kind, facts, attempts, created_at, put_off_since
            """)
        guard let row = rows.first else { return nil }
        let (user, to, subject, kind, facts, attempt, createdAt, putOffSince) = try row.decode(
            String.self, String.self, String.self, String.self, JSONValue.self, Int.self, Date.self, Date?.self)
        guard let kind = NoticeKind(rawValue: kind) else {
            throw Failure.permanent("there is no such mail template")
        }
        return Delivery(
            eventID: event, userID: UserID(checked: user), to: to, subject: subject, kind: kind,
            facts: try Facts(facts), attempt: attempt, createdAt: createdAt, putOffSince: putOffSince)
    }

    /// Stores the result of an attempt at a mail that has not failed; not if another process has claimed it since, or the recipient was
    /// erased.
    /// - Parameters:
    ///   - dueAt: the time of the next attempt, for a waiting mail.
    ///   - putOffSince: nil to leave it unchanged.
    ///   - isCounted: false when the result is unrelated to the mail.
    func updateDelivery(
        _ mail: Delivery, _ state: DeliveryState, dueAt: Date, putOffSince: Date? = nil, code: Int? = nil,
        reason: String? = nil, isCounted: Bool = true, at time: Date, on tx: Transaction
    ) {
        let isOut = state == .sent
        let finishedAt = isOut ? time : nil
        tx.submit(
            """
            update delivery set state = \(state.rawValue), due_at = \(dueAt), smtp_code = \(code as Int?), reason = \(reason as String?),
                attempts = attempts - \(isCounted ? 0 : 1),
                put_off_since = coalesce(\(putOffSince as Date?), put_off_since),
                finished_at = \(finishedAt as Date?),
                recipient = case when \(isOut) then null else recipient end,
                subject = case when \(isOut) then null else subject end,
                facts = case when \(isOut) then null else facts end
            where event_id = \(mail.eventID.rawValue) and state = 'sending' and attempts = \(mail.attempt)
            """)
    }

    /// Marks a mail as failed. Its content is kept, because an operator may have it sent again.
    /// - Returns: the kind of mail; nil when the recipient was erased meanwhile.
    func failDelivery(
        _ event: EventID, code: Int?, reason: String, at time: Date, on tx: Transaction
    ) async throws -> String? {
        try await tx.query(
            """
            update delivery set state = 'failed', smtp_code = \(code as Int?), reason = \(reason), finished_at = \(time)
            where event_id = \(event.rawValue) and state in ('waiting', 'sending')
            returning kind
            """
        ).first?.decode(String.self)
    }

    // MARK: Operators

    /// Newest first; all states when `state` is nil.
    func listMails(_ state: DeliveryState?, countMax: Int, on database: Database) async throws -> [Mail] {
        let some: SQL = state.map { "where state = \($0.rawValue)" } ?? ""
        let rows = try await database.query(
            """
            select event_id, user_id, state, kind, recipient, attempts, smtp_code, reason, correlation_id, created_at, due_at,
                finished_at
            from delivery \(some) order by created_at desc, event_id limit \(countMax)
            """)
        return try rows.compactMap { row in
            let (id, user, state, kind, address, attempts, code, reason, correlationID, createdAt, dueAt, finishedAt) =
                try row.decode(
                    String.self, String.self, String.self, String.self, String?.self, Int.self, Int?.self, String?.self,
                    String.self, Date.self, Date.self, Date?.self)
            guard let state = DeliveryState(rawValue: state) else { return nil }
            return Mail(
                id: EventID(checked: id), userID: UserID(checked: user), state: state, kind: kind, address: address,
                attempts: attempts, code: code, reason: reason, correlationID: correlationID, createdAt: createdAt,
                dueAt: finishedAt == nil ? dueAt : nil, finishedAt: finishedAt)
        }
    }

    /// Requeues failed mails, at most `limit`, oldest failures first.
    /// - Parameter ids: nil for every mail that had failed by `time`.
    func updateFailed(_ ids: [EventID]?, at time: Date, limit: Int, on tx: Transaction) async throws -> [EventID] {
        let these: SQL = ids.map { "event_id = any(\($0.map(\.rawValue)))" } ?? "finished_at <= \(time)"
        let rows = try await tx.query(
            """
            update delivery set state = 'waiting', due_at = \(time), finished_at = null, put_off_since = null
            where event_id in (
                select event_id from delivery where state = 'failed' and \(these)
                order by finished_at limit \(limit) for update skip locked)
            returning event_id
            """)
        return try rows.map { EventID(checked: try $0.decode(String.self)) }
    }

    func findState(of ids: [EventID], on database: Database) async throws -> [EventID: DeliveryState] {
        let rows = try await database.query(
            "select event_id, state from delivery where event_id = any(\(ids.map(\.rawValue)))")
        let pairs = try rows.map { try $0.decode(String.self, String.self) }
        return Dictionary(pairs.map { (EventID(checked: $0), DeliveryState(rawValue: $1)) }) { $1 }.compactMapValues {
            $0
        }
    }

    /// Counts failed and waiting mails, with the result of the last attempt.
    /// - Parameter lateSince: mails due before this time are overdue.
    func countMails(lateSince time: Date, on database: Database) async throws -> MailCounts {
        let rows = try await database.query(
            """
            select count(*) filter (where state = 'failed'), count(*) filter (where state in ('waiting', 'sending')),
                count(*) filter (where state in ('waiting', 'sending') and created_at < \(time)),
                (select reason from delivery where state in ('waiting', 'sending') and reason is not null
                    order by due_at desc limit 1)
            from delivery
            """)
        let (failed, waiting, late, reason) =
            try rows.first?.decode(Int.self, Int.self, Int.self, String?.self) ?? (0, 0, 0, nil)
        return MailCounts(failed: failed, waiting: waiting, late: late, reason: reason)
    }

    // MARK: The development mailbox

    /// Newest first; all recipients when `to` is nil, and only mails older than `before`.
    func listMailbox(
        to: String?, before: MailboxPlace?, countMax: Int, on database: Database
    ) async throws -> [MailboxItem] {
        let ofOne: SQL = to.map { "and lower(recipient) = lower(\($0))" } ?? ""
        let older: SQL = before.map { "and id < \($0.number)" } ?? ""
        let rows = try await database.query(
            """
            select \(Self.mailboxColumns) from mailbox
            where true \(ofOne) \(older) order by id desc limit \(countMax)
            """)
        return try rows.map(mailboxItem)
    }

    func findInMailbox(_ place: MailboxPlace, on database: Database) async throws -> MailboxItem? {
        try await database.query("select \(Self.mailboxColumns) from mailbox where id = \(place.number)").first
            .map(mailboxItem)
    }

    private static let mailboxColumns: SQL = "id, recipient, subject, body_text, body_html, received_at, message_id"

    private func mailboxItem(_ row: Row) throws -> MailboxItem {
        let (id, to, subject, text, html, receivedAt, messageID) = try row.decode(
            Int.self, String.self, String.self, String.self, String.self, Date.self, String.self)
        return MailboxItem(
            place: MailboxPlace(id), to: to, subject: subject, text: text, html: html, receivedAt: receivedAt,
            messageID: messageID)
    }
}
