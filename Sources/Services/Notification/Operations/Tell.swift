internal import Contracts
internal import Messaging
internal import Observability
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Creates notifications: a list entry, and the events that request a mail and a push message, in one transaction.
extension Operations {
    func welcome(_ user: UserRegistered, because event: EventID, on tx: Transaction) async throws {
        let notice = Notice(
            Telling(kind: .welcome, userID: user.userID, facts: [.role: user.role.rawValue]), because: event, at: now())
        let recipient = Recipient(user, language: language)
        let told = try await store.insertRecipient(recipient, asOf: user.registeredAt, telling: notice, on: tx)
        if let told, told.isNew { try await mail(notice, to: told.recipient, because: event, on: tx) }
    }

    /// Stores the profile. When the e-mail address or the role changed, the person is notified, also at the old address, because an
    /// attacker may control the new one.
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
        guard try await mail(notice, to: told.recipient, because: event, on: tx) else { return }
        guard change.changesEmail, let previous = told.previousEmail, previous != told.recipient.email else { return }
        var formerly = told.recipient
        formerly.email = previous
        try ask(for: notice, to: formerly, because: event, on: tx)
    }

    /// Notifies the person of an event. For an event of a course, the title is added if known.
    func tell(_ event: some TellingEvent, because cause: EventID, on tx: Transaction) async throws {
        guard var telling = event.telling else { return }
        let course = telling.facts[.courseID]
        if !course.isEmpty, let title = try await store.findTitle(of: CourseID(checked: course), on: tx) {
            telling.facts[.courseTitle] = title
        }
        try await tell(Notice(telling, because: cause, at: now()), because: cause, on: tx)
    }

    /// Stores a course's title, for events that only contain its id, and its instructor.
    func noteCourse(_ id: CourseID, _ title: String, by instructor: UserID, asOf time: Date, on tx: Transaction) {
        store.insertCourse(id, title, by: instructor, asOf: time, on: tx)
    }

    /// Stores an enrolment, for notifications about the instructor's later courses.
    func noteLearner(_ user: UserID, of course: CourseID, on tx: Transaction) {
        store.insertLearner(user, of: course, on: tx)
    }

    /// Delivers waiting notifications to people who are known now, and drops those of erased people.
    /// - Returns: how many notifications were taken, at most `countMax`.
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

    /// Events of different topics can arrive out of order: a badge may arrive before its owner's registration. Only that notification
    /// waits.
    private func tell(_ notice: Notice, because cause: EventID, on tx: Transaction) async throws {
        switch try await store.insertNotice(notice, on: tx) {
        case .known(let told) where told.isNew:
            if notice.isMailed { try await mail(notice, to: told.recipient, because: cause, on: tx) }
            if notice.isPushed { try push(notice, to: told.recipient, because: cause, on: tx) }
        case .unknown:
            try store.insertWaiting(WaitingNotice(notice: notice, cause: cause, journey: .current), on: tx)
        case .known, .erased: return
        }
    }

    /// - Returns: false when the person has got too many mails of this kind today; the list has the notification all the same.
    @discardableResult
    private func mail(
        _ notice: Notice, to recipient: Recipient, because cause: EventID, on tx: Transaction
    ) async throws -> Bool {
        if notice.isLimited {
            let since = now().addingTimeInterval(-86_400)
            let count = try await store.countNotices(notice.kind, of: recipient.userID, since: since, on: tx)
            if count > Notice.mailsOfKindPerDayMax {
                journal.note(.mail, "\(notice.kind.rawValue) left out: too many today", eventID: cause, on: tx)
                return false
            }
        }
        try ask(for: notice, to: recipient, because: cause, on: tx)
        return true
    }

    private func ask(
        for notice: Notice, to recipient: Recipient, because cause: EventID, on tx: Transaction
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
