internal import Contracts
internal import Platform
internal import Postgres

extension Operations {
    /// A page of a person's list, newest first.
    struct Inbox: Sendable {
        var page: Page<Notice>
        var unread: Int
        var language: Language
    }

    func inbox(of user: UserID, _ page: PageRequest<NotificationID>) async throws -> Inbox {
        async let reader = store.findReader(user, on: database)
        let found = try await store.listNotices(
            of: user, before: page.cursor, countMax: page.soughtCount, on: database)
        let (unread, known) = try await reader
        return Inbox(page: Page(found, of: page, by: \.id), unread: unread, language: known ?? language)
    }

    /// Marks a notification as read; the first time is kept.
    /// - Throws: ``NotificationError/unknownNotice``, also for another person's.
    func markRead(_ id: NotificationID, of user: UserID) async throws {
        guard try await store.updateRead(id, of: user, at: now(), on: database) else {
            throw NotificationError.unknownNotice
        }
    }

    func markAllRead(of user: UserID) async throws {
        try await store.updateAllRead(of: user, at: now(), on: database)
    }
}
