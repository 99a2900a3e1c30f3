internal import Contracts
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service.
///
/// Whoever writes something about a person holds a lock on their row of `recipient`, shared or not, and writes only if it is no
/// tombstone; erasing waits for those locks and removes what came before. So nothing about an erased person stays or comes.
struct Store: Sendable {
    /// What became of a notice, and whom it is for.
    struct Told: Sendable {
        var recipient: Recipient
        /// The address before the change that is told of; nil when it was not known.
        var previousEmail: String?
        /// False when it had been told before.
        var isNew: Bool
    }

    enum Addressee: Sendable {
        case known(Told)
        case unknown
        case erased
    }

    // MARK: Recipients

    /// Remembers what an event says of a person, unless a newer one said otherwise, and puts a notice into their list.
    /// - Parameter notice: nil to remember only.
    /// - Returns: nil when the person is erased.
    func insertRecipient(
        _ recipient: Recipient, asOf time: Date, telling notice: Notice?, on tx: Transaction
    ) async throws -> Told? {
        let rows = try await tx.query(
            """
            with old as (
                select email from recipient where user_id = \(recipient.userID.rawValue)
            ), known as (
                insert into recipient as r (user_id, email, first_name, last_name, language, as_of)
                values (\(recipient.userID.rawValue), \(recipient.email), \(recipient.firstName), \(recipient.lastName),
                    \(recipient.language.rawValue), \(time))
                on conflict (user_id) do update set
                    email = case when r.as_of < excluded.as_of then excluded.email else r.email end,
                    first_name = case when r.as_of < excluded.as_of then excluded.first_name else r.first_name end,
                    last_name = case when r.as_of < excluded.as_of then excluded.last_name else r.last_name end,
                    as_of = greatest(r.as_of, excluded.as_of)
                where r.erased_at is null
                returning user_id, email, first_name, last_name, language
            ), told as (
                insert into notice (user_id, id, kind, facts, created_at)
                select user_id, n.id, n.kind, n.facts, n.created_at
                from known, (values (\(notice?.id.rawValue as String?), \(notice?.kind.rawValue as String?),
                    \(try notice.map { try JSONValue($0.facts) } as JSONValue?), \(notice?.createdAt as Date?))) as n (id, kind, facts, created_at)
                where n.id is not null
                on conflict do nothing returning id
            )
            select k.email, k.first_name, k.last_name, k.language, (select email from old), exists (select from told)
            from known k
            """)
        return try rows.first.map { try told($0, recipient.userID) }
    }

    /// Puts a notice into a person's list, if we know them.
    func insertNotice(_ notice: Notice, on tx: Transaction) async throws -> Addressee {
        let rows = try await tx.query(
            """
            with known as (
                select email, first_name, last_name, language, erased_at from recipient
                where user_id = \(notice.userID.rawValue) for share
            ), told as (
                insert into notice (user_id, id, kind, facts, created_at)
                select \(notice.userID.rawValue), \(notice.id.rawValue), \(notice.kind.rawValue), \(try JSONValue(notice.facts)),
                    \(notice.createdAt)
                from known where erased_at is null
                on conflict do nothing returning id
            )
            select email, first_name, last_name, language, null::text, exists (select from told), erased_at is not null
            from known
            """)
        guard let row = rows.first else { return .unknown }
        if try row.get(6, as: Bool.self) { return .erased }
        return .known(try told(row, notice.userID))
    }

    private func told(_ row: Row, _ userID: UserID) throws -> Told {
        let (email, firstName, lastName, language, previousEmail, isNew) = try row.decode(
            String.self, String.self, String.self, String.self, String?.self, Bool.self)
        let recipient = Recipient(
            userID: userID, email: email, firstName: firstName, lastName: lastName,
            language: Language(rawValue: language) ?? .english)
        return Told(recipient: recipient, previousEmail: previousEmail, isNew: isNew)
    }

    // MARK: Notices for those not known yet

    func insertWaiting(_ notice: Notice, _ journey: Journey, on tx: Transaction) throws {
        tx.submit(
            """
            insert into waiting_notice (cause_event_id, user_id, kind, facts, created_at, correlation_id, traceparent)
            values (\(notice.cause.rawValue), \(notice.userID.rawValue), \(notice.kind.rawValue), \(try JSONValue(notice.facts)),
                \(notice.createdAt), \(journey.correlationID), \(journey.traceparent))
            on conflict do nothing
            """)
    }

    /// Takes out notices whose readers have become known, or were erased.
    func deleteSettled(countMax: Int, on tx: Transaction) async throws -> [(Notice, Journey)] {
        let rows = try await tx.query(
            """
            delete from waiting_notice where cause_event_id in (
                select w.cause_event_id from waiting_notice w join recipient r using (user_id)
                order by w.cause_event_id limit \(countMax) for update of w skip locked)
            returning cause_event_id, user_id, kind, facts, created_at, correlation_id, traceparent
            """)
        return try rows.compactMap { row in
            let (cause, user, kind, facts, createdAt, correlationID, traceparent) = try row.decode(
                String.self, String.self, String.self, JSONValue.self, Date.self, String.self, String.self)
            guard let kind = NoticeKind(rawValue: kind) else { return nil }
            let notice = Notice(
                kind, to: UserID(checked: user), because: EventID(checked: cause), try Facts(facts), at: createdAt)
            return (notice, Journey(correlationID: correlationID, traceparent: traceparent))
        }
    }

    // MARK: The list

    func listNotices(
        of user: UserID, before: NotificationID?, countMax: Int, on database: Database
    ) async throws -> [Notice] {
        let older: SQL = before.map { "and id < \($0.rawValue)" } ?? ""
        let rows = try await database.query(
            """
            select id, kind, facts, created_at, read_at from notice
            where user_id = \(user.rawValue) \(older) order by id desc limit \(countMax)
            """)
        return try rows.compactMap { row in
            let (id, kind, facts, createdAt, readAt) = try row.decode(
                String.self, String.self, JSONValue.self, Date.self, Date?.self)
            guard let kind = NoticeKind(rawValue: kind) else { return nil }
            return Notice(
                id: NotificationID(checked: id), userID: user, kind: kind, facts: try Facts(facts),
                createdAt: createdAt, readAt: readAt)
        }
    }

    /// How many notices a person has not read, and which language they read; nil for someone we have not heard of.
    func findReader(_ user: UserID, on database: Database) async throws -> (unread: Int, language: Language?) {
        let rows = try await database.query(
            """
            select (select count(*) from notice where user_id = \(user.rawValue) and read_at is null),
                (select language from recipient where user_id = \(user.rawValue))
            """)
        let (unread, language) = try rows.first?.decode(Int.self, String?.self) ?? (0, nil)
        return (unread, language.flatMap { Language(rawValue: $0) })
    }

    /// - Returns: false when the person has no such notice.
    func updateRead(_ id: NotificationID, of user: UserID, at time: Date, on database: Database) async throws -> Bool {
        try await database.execute(
            """
            update notice set read_at = coalesce(read_at, \(time))
            where user_id = \(user.rawValue) and id = \(id.rawValue)
            """) > 0
    }

    func updateAllRead(of user: UserID, at time: Date, on database: Database) async throws {
        try await database.execute(
            "update notice set read_at = \(time) where user_id = \(user.rawValue) and read_at is null")
    }

    // MARK: Mails

    /// Keeps a mail until it is sent, unless its reader is erased.
    func insertDelivery(_ mail: Delivery, on tx: Transaction) throws {
        tx.submit("\(try newDelivery(mail, state: .waiting))")
    }

    /// Puts a mail into the development mailbox, unless its reader is erased.
    func insertIntoMailbox(_ mail: Delivery, _ letter: Letter, messageID: String, on tx: Transaction) throws {
        tx.submit(
            """
            with delivered as (\(try newDelivery(mail, state: .sent)) returning event_id)
            insert into mailbox (message_id, user_id, recipient, subject, body_text, body_html, received_at)
            select \(messageID), \(mail.userID.rawValue), \(mail.to), \(mail.subject), \(letter.text), \(letter.html),
                \(mail.createdAt)
            from delivered
            on conflict do nothing
            """)
    }

    /// What a mail says is kept only until it is out.
    private func newDelivery(_ mail: Delivery, state: DeliveryState) throws -> SQL {
        let isOut = state == .sent
        let (to, subject) = isOut ? (nil, nil) : (mail.to, mail.subject)
        let facts = isOut ? nil : try JSONValue(mail.facts)
        let finishedAt = isOut ? mail.createdAt : nil
        return """
            insert into delivery (event_id, user_id, state, due_at, recipient, subject, kind, facts, correlation_id,
                traceparent, created_at, finished_at)
            select \(mail.eventID.rawValue), \(mail.userID.rawValue), \(state.rawValue), \(mail.createdAt),
                \(to as String?), \(subject as String?), \(mail.kind.rawValue), \(facts as JSONValue?),
                \(mail.journey.correlationID), \(mail.journey.traceparent), \(mail.createdAt), \(finishedAt as Date?)
            where (select erased_at from recipient where user_id = \(mail.userID.rawValue) for share) is null
            on conflict do nothing
            """
    }

    /// Takes mails that are due into this sender's hands, for as long as the lease lasts.
    ///
    /// It commits by itself, before the mail server is spoken to: no lock is held meanwhile.
    func lockDue(at time: Date, leaseEnd: Date, countMax: Int, on database: Database) async throws -> [Delivery] {
        let rows = try await database.query(
            """
            update delivery set state = 'sending', attempts = attempts + 1, due_at = \(leaseEnd)
            where event_id in (
                select event_id from delivery where state in ('waiting', 'sending') and due_at <= \(time)
                order by due_at limit \(countMax) for update skip locked)
            returning event_id, user_id, recipient, subject, kind, facts, attempts, created_at, put_off_since, correlation_id,
                traceparent
            """)
        return try rows.compactMap { row in
            let (event, user, to, subject, kind, facts, attempt, createdAt, putOffSince, correlationID, traceparent) =
                try row.decode(
                    String.self, String.self, String.self, String.self, String.self, JSONValue.self, Int.self,
                    Date.self,
                    Date?.self, String.self, String.self)
            guard let kind = NoticeKind(rawValue: kind) else { return nil }
            return Delivery(
                eventID: EventID(checked: event), userID: UserID(checked: user), to: to, subject: subject, kind: kind,
                facts: try Facts(facts), attempt: attempt, createdAt: createdAt, putOffSince: putOffSince,
                journey: Journey(correlationID: correlationID, traceparent: traceparent))
        }
    }

    /// Writes down what came of an attempt; not if somebody else has taken over since, or the reader was erased.
    /// - Parameters:
    ///   - dueAt: when to try again, for a mail that waits.
    ///   - putOffSince: nil to leave it as it is.
    ///   - isCounted: false when the attempt says nothing about the mail.
    func updateDelivery(
        _ mail: Delivery, _ state: DeliveryState, dueAt: Date, putOffSince: Date? = nil, code: Int? = nil,
        reason: String? = nil, isCounted: Bool = true, at time: Date, on database: Database
    ) async throws {
        let isOut = state == .sent
        let finishedAt = state == .waiting ? nil : time
        try await database.execute(
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

    // MARK: Mails, as an operator looks at them

    /// The newest first, of every state when `state` is nil.
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

    /// Puts failed mails back to be sent, at most `limit`, the oldest failures first.
    /// - Parameter ids: nil for every mail that had failed by `time`.
    func updateFailed(_ ids: [EventID]?, at time: Date, limit: Int, on database: Database) async throws -> [EventID] {
        let these: SQL = ids.map { "event_id = any(\($0.map(\.rawValue)))" } ?? "finished_at <= \(time)"
        let rows = try await database.query(
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

    /// How many mails have failed or wait, and what was said of the one that was tried last.
    /// - Parameter lateSince: mails that wait since before then are late.
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

    /// The newest first: of everybody when `to` is nil, and only those older than `before`.
    func listMailbox(
        to: String?, before: MailboxPlace?, countMax: Int, on database: Database
    ) async throws -> [MailboxItem] {
        let ofOne: SQL = to.map { "and lower(recipient) = lower(\($0))" } ?? ""
        let older: SQL = before.map { "and id < \($0.number)" } ?? ""
        let rows = try await database.query(
            """
            select id, recipient, subject, body_text, body_html, received_at, message_id from mailbox
            where true \(ofOne) \(older) order by id desc limit \(countMax)
            """)
        return try rows.map { row in
            let (id, to, subject, text, html, receivedAt, messageID) = try row.decode(
                Int.self, String.self, String.self, String.self, String.self, Date.self, String.self)
            return MailboxItem(
                place: MailboxPlace(id), to: to, subject: subject, text: text, html: html, receivedAt: receivedAt,
                messageID: messageID)
        }
    }

    // MARK: Erasure

    /// Leaves a tombstone in place of the recipient, whether or not we had heard of them. Waits for whoever writes about them.
    func deleteRecipient(_ user: UserID, at time: Date, on tx: Transaction) {
        tx.submit(
            """
            insert into recipient (user_id, erased_at) values (\(user.rawValue), \(time))
            on conflict (user_id) do update set
                email = null, first_name = null, last_name = null, language = null, as_of = null,
                erased_at = coalesce(recipient.erased_at, excluded.erased_at)
            """)
    }

    /// Removes everything about a person. After ``deleteRecipient(_:at:on:)``, in a statement of its own: it must see what those
    /// committed who were waited for.
    func deleteTraces(of user: UserID, at time: Date, on tx: Transaction) {
        tx.submit("delete from notice where user_id = \(user.rawValue)")
        tx.submit("delete from waiting_notice where user_id = \(user.rawValue)")
        tx.submit("delete from mailbox where user_id = \(user.rawValue)")
        tx.submit(
            """
            update delivery set recipient = null, subject = null, facts = null,
                finished_at = coalesce(finished_at, \(time)),
                state = case when state in ('waiting', 'sending', 'failed') then 'dropped' else state end
            where user_id = \(user.rawValue)
            """)
    }

    // MARK: Upkeep

    /// Removes what is older than it need be.
    /// - Parameter limits: how long things are kept.
    func deleteOld(_ limits: KeepingLimits, at time: Date, on database: Database) async throws {
        let old: [(table: SQL, condition: SQL)] = [
            ("notice", "created_at < \(limits.noticesSince(time))"),
            ("waiting_notice", "created_at < \(limits.waitingSince(time))"),
            ("delivery", "finished_at < \(limits.deliveriesSince(time))"),
            ("mailbox", "id <= (select max(id) from mailbox) - \(limits.mailboxCountMax)"),
        ]
        for (table, condition) in old {
            try await database.delete(from: table, where: condition, stepCountMax: limits.stepCountMax)
        }
    }
}

extension JSONValue {
    init(_ facts: Facts) throws { try self.init(encoding: facts.values) }
}

extension Facts {
    init(_ stored: JSONValue) throws { self.init(try stored.decode([String: String].self)) }
}
