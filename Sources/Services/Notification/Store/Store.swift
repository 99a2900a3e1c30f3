internal import Contracts
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service; that of notices and of mails is in extensions.
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

    /// Removes what is older than it need be.
    /// - Parameter limits: how long things are kept.
    func deleteOld(_ limits: KeepingLimits, at time: Date, on database: Database) async throws {
        let old: [(table: SQL, condition: SQL)] = [
            ("notice", "created_at < \(limits.noticesSince(time))"),
            ("waiting_notice", "created_at < \(limits.waitingSince(time))"),
            // Of an enrolment that was heard of while its learner was erased, before their registration was.
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
