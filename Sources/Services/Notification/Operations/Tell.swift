internal import Contracts
internal import Messaging
internal import Observability
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What people are told of: an entry in their list, and the events that ask for a mail and a push message, in one transaction.
extension Operations {
    func welcome(_ user: UserRegistered, because event: EventID, on tx: Transaction) async throws {
        let notice = Notice(Telling(kind: .welcome, userID: user.userID), because: event, at: now())
        let recipient = Recipient(user, language: language)
        let told = try await store.insertRecipient(recipient, asOf: user.registeredAt, telling: notice, on: tx)
        if let told, told.isNew { try mail(notice, to: told.recipient, because: event, on: tx) }
    }

    /// Remembers the profile. When the address or the role changed, the person is told; at the old address too, for whoever took
    /// an account over reads the new one.
    func noteProfile(_ user: UserUpdated, because event: EventID, on tx: Transaction) async throws {
        let change = ProfileChange(changedFields: user.changedFields)
        let notice = change.map { change in
            let facts: Facts = [.changed: change.names, .role: user.role.rawValue]
            return Notice(
                Telling(kind: .profileChanged, userID: user.userID, facts: facts), because: event, at: now())
        }
        let recipient = Recipient(user, language: language)
        let told = try await store.insertRecipient(recipient, asOf: user.updatedAt, telling: notice, on: tx)
        guard let told, let change, let notice, told.isNew else { return }
        try mail(notice, to: told.recipient, because: event, on: tx)
        guard change.changesEmail, let previous = told.previousEmail, previous != told.recipient.email else { return }
        var formerly = told.recipient
        formerly.email = previous
        try mail(notice, to: formerly, because: event, on: tx)
    }

    /// Tells the person an event concerns, in the words of its kind. Where the event has a course, its title is added if we know it.
    func tell(_ event: some TellingEvent, because cause: EventID, on tx: Transaction) async throws {
        guard var telling = event.telling else { return }
        let course = telling.facts[.courseID]
        if !course.isEmpty, let title = try await store.findTitle(of: CourseID(checked: course), on: tx) {
            telling.facts[.courseTitle] = title
        }
        try await tell(Notice(telling, because: cause, at: now()), because: cause, on: tx)
    }

    /// Remembers what a course is called, for events that have its id alone, and who teaches it.
    func noteCourse(_ id: CourseID, _ title: String, by instructor: UserID, asOf time: Date, on tx: Transaction) {
        store.insertCourse(id, title, by: instructor, asOf: time, on: tx)
    }

    /// Remembers who learns what, for courses that are still to come.
    func noteLearner(_ user: UserID, of course: CourseID, on tx: Transaction) {
        store.insertLearner(user, of: course, on: tx)
    }

    /// Tells those who have become known since, and drops what was for the erased.
    /// - Returns: how many notices waited for that, at most `countMax`.
    func settleWaiting(countMax: Int = 100) async throws -> Int {
        try await database.transaction { tx in
            let settled = try await store.deleteSettled(countMax: countMax, on: tx)
            for waiting in settled {
                try await TraceContext.$current.withValue(waiting.journey.resumed(because: waiting.cause)) {
                    try await tell(waiting.notice, because: waiting.cause, on: tx)
                }
            }
            return settled.count
        }
    }

    /// Topics overtake one another: a badge may come before its owner's registration. It waits for that; nothing else does.
    private func tell(_ notice: Notice, because cause: EventID, on tx: Transaction) async throws {
        switch try await store.insertNotice(notice, on: tx) {
        case .known(let told) where told.isNew:
            if notice.isMailed { try mail(notice, to: told.recipient, because: cause, on: tx) }
            if notice.isPushed { try push(notice, to: told.recipient, because: cause, on: tx) }
        case .unknown:
            try store.insertWaiting(WaitingNotice(notice: notice, cause: cause, journey: .current), on: tx)
        case .known, .erased: return
        }
    }

    private func mail(
        _ notice: Notice, to recipient: Recipient, because cause: EventID, on tx: Transaction
    ) throws {
        let facts = notice.facts.addressed(to: recipient)
        try outbox.append(
            NotificationEmail(
                notificationID: notice.id, userID: recipient.userID, to: recipient.email,
                subject: Wording(notice.kind, facts, in: recipient.language).title, template: notice.kind.rawValue,
                parameters: facts.values, causeEventID: cause, createdAt: notice.createdAt),
            on: tx)
    }

    private func push(
        _ notice: Notice, to recipient: Recipient, because cause: EventID, on tx: Transaction
    ) throws {
        let wording = Wording(notice.kind, notice.facts, in: recipient.language)
        try outbox.append(
            NotificationPush(
                notificationID: notice.id, userID: recipient.userID, title: wording.title, body: wording.body,
                causeEventID: cause, createdAt: notice.createdAt),
            on: tx)
    }
}
