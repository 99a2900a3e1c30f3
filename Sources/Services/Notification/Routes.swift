internal import Contracts
internal import HTTP
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A person's own notifications, and the development mailbox.
struct NotificationRoutes: Sendable {
    let operations: Operations

    func add(to routes: inout Routes) {
        routes.get("/notifications", .user, list)
        routes.post("/notifications/read-all", .user, readAll)
        routes.post("/notifications/{id}/read", .user, read)
        routes.get("/dev/mailbox", .anyone, mailbox)
    }

    struct NoticeView: Encodable {
        let id: String
        let type: String
        let title: String
        let body: String
        let readAt: Date?
        let createdAt: Date
    }

    struct InboxView: PageView {
        let items: [NoticeView]
        let nextCursor: String?
        let unread: Int
    }

    func list(_ request: Request) async throws -> Response {
        let page = try request.page()
        let cursor: NotificationID? = try page.cursor(NotificationID.init(rawValue:))
        let inbox = try await operations.inbox(of: request.user, before: cursor, countMax: page.limit)
        return try .page(InboxView(inbox), of: request)
    }

    func read(_ request: Request) async throws -> Response {
        try await operations.markRead(request.id("id", as: NotificationID.self), of: request.user)
        return .noContent
    }

    func readAll(_ request: Request) async throws -> Response {
        try await operations.markAllRead(of: request.user)
        return .noContent
    }

    struct MailView: Encodable {
        let to: String
        let subject: String
        let text: String
        let html: String
        let receivedAt: Date
        let messageId: String
    }

    func mailbox(_ request: Request) async throws -> Response {
        let page = try request.page()
        let cursor: Int? = try page.cursor { Int($0) }
        let (mails, next) = try await operations.mailbox(
            to: request.http.query("to"), before: cursor, countMax: page.limit)
        return try .page(ListView(mails.map(MailView.init), nextCursor: next.map { String($0) }), of: request)
    }
}

extension NotificationRoutes.InboxView {
    init(_ inbox: Operations.Inbox) {
        items = inbox.notices.map { NotificationRoutes.NoticeView($0, in: inbox.language) }
        nextCursor = inbox.next?.rawValue
        unread = inbox.unread
    }

    enum CodingKeys: CodingKey { case items, nextCursor, unread }

    /// `nextCursor` is written as null at the end of the list, never left out.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(nextCursor, forKey: .nextCursor)
        try container.encode(unread, forKey: .unread)
    }
}

extension NotificationRoutes.NoticeView {
    init(_ notice: Notice, in language: Language) {
        let wording = Wording(notice.kind, notice.facts, in: language)
        id = notice.id.rawValue
        type = notice.kind.rawValue
        title = wording.title
        body = wording.body
        readAt = notice.readAt
        createdAt = notice.createdAt
    }
}

extension NotificationRoutes.MailView {
    init(_ item: MailboxItem) {
        to = item.to
        subject = item.subject
        text = item.text
        html = item.html
        receivedAt = item.receivedAt
        messageId = item.messageID
    }
}

extension Page {
    /// Where the page before ended.
    /// - Throws: 422 when it is no cursor of this list.
    fileprivate func cursor<Cursor>(_ read: (String) -> Cursor?) throws(Problem) -> Cursor? {
        guard let cursor else { return nil }
        if let known = read(cursor) { return known }
        throw .invalidQuery("cursor", "must be the nextCursor of the page before")
    }
}

extension NotificationError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .unknownNotice: .notFound
        case .noMailbox: .notFound
        }
    }
}
