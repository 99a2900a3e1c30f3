internal import Contracts
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service; that of notifications and mails is in extensions.
///
/// A write about a person locks the person's row of `recipient`, shared or exclusively, and is skipped if the row is a tombstone. Erasure
/// waits for those locks and deletes what was written before, so no data about an erased person remains or is added.
struct Store: Sendable {
    /// The result of storing a notification, and its recipient.
    struct Told: Sendable {
        var recipient: Recipient
        /// The address before the reported change; nil when it was not known.
        var previousEmail: String?
        /// False when the notification already existed.
        var isNew: Bool
    }

    enum Addressee: Sendable {
        case known(Told)
        case unknown
        case erased
    }

    // MARK: Recipients

    /// Stores a person's profile from an event, unless a newer event has set it, and adds a notification to their list.
    /// - Parameter notice: nil to store only the profile.
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

    /// Adds a notification to a person's list, if the person is known.
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

    // MARK: Erasure

    /// Replaces the recipient with a tombstone, also if unknown. Waits for transactions that write about them.
    func deleteRecipient(_ user: UserID, at time: Date, on tx: Transaction) {
        tx.submit(
            """
            insert into recipient (user_id, erased_at) values (\(user.rawValue), \(time))
            on conflict (user_id) do update set
                email = null, first_name = null, last_name = null, language = null, as_of = null,
                erased_at = coalesce(recipient.erased_at, excluded.erased_at)
            """)
    }

    /// Deletes everything about a person. Call after ``deleteRecipient(_:at:on:)``, in a separate statement, so that it sees what the
    /// awaited transactions committed.
    func deleteTraces(of user: UserID, at time: Date, on tx: Transaction) {
        tx.submit("delete from notice where user_id = \(user.rawValue)")
        tx.submit("delete from waiting_notice where user_id = \(user.rawValue)")
        tx.submit("delete from mailbox where user_id = \(user.rawValue)")
        tx.submit("delete from learner where user_id = \(user.rawValue)")
        tx.submit(
            """
            update delivery set recipient = null, subject = null, facts = null,
                finished_at = coalesce(finished_at, \(time)),
                state = case when state in ('waiting', 'sending', 'failed') then 'dropped' else state end
            where user_id = \(user.rawValue)
            """)
    }

    // MARK: Upkeep

    /// Deletes expired data.
    /// - Parameter limits: the retention periods.
    func deleteOld(_ limits: KeepingLimits, at time: Date, on database: Database) async throws {
        let old: [(table: SQL, condition: SQL)] = [
            ("notice", "created_at < \(limits.noticesSince(time))"),
            ("waiting_notice", "created_at < \(limits.waitingSince(time))"),
            // Enrolments stored while the learner was being erased, before their registration was known.
            ("learner", "user_id in (select user_id from recipient where erased_at is not null)"),
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
