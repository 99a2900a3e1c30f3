internal import Contracts
internal import Messaging
internal import Observability
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What people are told of: an entry in their list, and the event that asks for a mail, in one transaction.
extension Operations {
    func welcome(_ user: UserRegistered, because event: EventID, on tx: Transaction) async throws {
        let notice = Notice(.welcome, to: user.userID, because: event, at: now())
        let recipient = Recipient(user, language: language)
        let told = try await store.insertRecipient(recipient, asOf: user.registeredAt, telling: notice, on: tx)
        if let told, told.isNew { try mail(notice, to: told.recipient, on: tx) }
    }

    /// Remembers the profile. When the address or the role changed, the person is told; at the old address too, for whoever took
    /// an account over reads the new one.
    func noteProfile(_ user: UserUpdated, because event: EventID, on tx: Transaction) async throws {
        let change = ProfileChange(changedFields: user.changedFields)
        let notice = change.map { change in
            Notice(
                .profileChanged, to: user.userID, because: event,
                [.changed: change.names, .role: user.role.rawValue], at: now())
        }
        let recipient = Recipient(user, language: language)
        let told = try await store.insertRecipient(recipient, asOf: user.updatedAt, telling: notice, on: tx)
        guard let told, let change, let notice, told.isNew else { return }
        try mail(notice, to: told.recipient, on: tx)
        guard change.changesEmail, let previous = told.previousEmail, previous != told.recipient.email else { return }
        var formerly = told.recipient
        formerly.email = previous
        try mail(notice, to: formerly, on: tx)
    }

    /// Tells of points when they reach a milestone, which is seldom.
    func tellMilestone(_ award: PointsAwarded, because event: EventID, on tx: Transaction) async throws {
        guard let milestone = award.milestone else { return }
        try await tell(
            Notice(.milestone, to: award.userID, because: event, [.milestone: String(milestone)], at: now()), on: tx)
    }

    func tellAchievement(_ badge: BadgeEarned, because event: EventID, on tx: Transaction) async throws {
        let facts: Facts = [.badge: badge.badgeCode, .badgeName: badge.badgeName]
        try await tell(Notice(.achievement, to: badge.userID, because: event, facts, at: now()), on: tx)
    }

    /// Tells those who have become known since, and drops what was for the erased.
    /// - Returns: how many notices waited for that, at most `countMax`.
    func settleWaiting(countMax: Int = 100) async throws -> Int {
        try await database.transaction { tx in
            let settled = try await store.deleteSettled(countMax: countMax, on: tx)
            for (notice, journey) in settled {
                try await TraceContext.$current.withValue(journey.resumed(because: notice.cause)) {
                    try await tell(notice, on: tx)
                }
            }
            return settled.count
        }
    }

    /// Topics overtake one another: a badge may come before its owner's registration. It waits for that; nothing else does.
    private func tell(_ notice: Notice, on tx: Transaction) async throws {
        switch try await store.insertNotice(notice, on: tx) {
        case .known(let told):
            if told.isNew && notice.isMailed { try mail(notice, to: told.recipient, on: tx) }
        case .unknown: try store.insertWaiting(notice, .current, on: tx)
        case .erased: return
        }
    }

    private func mail(_ notice: Notice, to recipient: Recipient, on tx: Transaction) throws {
        let facts = notice.facts.addressed(to: recipient)
        try outbox.append(
            NotificationEmail(
                notificationID: notice.id, userID: recipient.userID, to: recipient.email,
                subject: Wording(notice.kind, facts, in: recipient.language).title, template: notice.kind.rawValue,
                parameters: facts.values, causeEventID: notice.cause, createdAt: notice.createdAt),
            on: tx)
    }
}
