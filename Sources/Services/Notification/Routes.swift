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
        let page: Page<NoticeView>
        let unread: Int
    }

    func list(_ request: Request) async throws -> Response {
        let page = try request.page(by: NotificationID.self)
        return try .page(InboxView(try await operations.inbox(of: request.user, page)), of: request)
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
        let page = try request.page(by: MailboxPlace.self)
        let mails = try await operations.mailbox(to: request.http.query("to"), page)
        return try .page(mails.map(MailView.init), of: request)
    }
}

extension NotificationRoutes.InboxView {
    init(_ inbox: Operations.Inbox) {
        page = inbox.page.map { NotificationRoutes.NoticeView($0, in: inbox.language) }
        unread = inbox.unread
    }

    var nextCursor: String? { page.nextCursor }

    enum CodingKeys: CodingKey { case unread }

    func encode(to encoder: any Encoder) throws {
        try page.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
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

extension NotificationError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .unknownNotice: .notFound
        case .noMailbox: .notFound
        }
    }
}
