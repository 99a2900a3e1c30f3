internal import Contracts
internal import Postgres

extension Operations {
    /// A page of somebody's list.
    struct Inbox: Sendable {
        /// The newest first.
        var notices: [Notice]
        var unread: Int
        var language: Language
        /// Where the next page begins.
        var next: NotificationID?
    }

    func inbox(of user: UserID, before: NotificationID?, countMax: Int) async throws -> Inbox {
        async let reader = store.findReader(user, on: database)
        let notices = try await store.listNotices(of: user, before: before, countMax: countMax + 1, on: database)
        let (unread, known) = try await reader
        let page = Array(notices.prefix(countMax))
        return Inbox(
            notices: page, unread: unread, language: known ?? language,
            next: notices.count > countMax ? page.last?.id : nil)
    }

    /// Notes that a notice was read; when it first was, stays.
    /// - Throws: ``NotificationError/unknownNotice``, for somebody else's too.
    func markRead(_ id: NotificationID, of user: UserID) async throws {
        guard try await store.updateRead(id, of: user, at: now(), on: database) else {
            throw NotificationError.unknownNotice
        }
    }

    func markAllRead(of user: UserID) async throws {
        try await store.updateAllRead(of: user, at: now(), on: database)
    }
}
