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
        routes.get("/notifications", .user, query: .page(), list)
        routes.post("/notifications/read-all", .user, readAll)
        routes.post("/notifications/{id}/read", .user, read)
        routes.get("/dev/mailbox", .anyone, query: .page(and: "to"), mailbox)
        routes.get("/dev/mailbox/{id}", .anyone, mail)
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
        let id: String
        let to: String
        let subject: String
        let text: String
        let html: String
        let receivedAt: Date
        let messageId: String
    }

    func mailbox(_ request: Request) async throws -> Response {
        let page = try request.page(by: MailboxPlace.self)
        let address = request.http.query("to").flatMap { $0.isEmpty ? nil : $0 }
        let mails = try await operations.mailbox(to: address, page)
        return try request.shown(
            .page(mails.map(MailView.init), of: request),
            or: MailboxPages.list(
                mails.items, to: address, next: mails.nextCursor.map(request.http.target(withCursor:))))
    }

    func mail(_ request: Request) async throws -> Response {
        guard let place = request.http.pathParameters["id"].flatMap(MailboxPlace.init(rawValue:)) else {
            throw NotificationError.unknownMail
        }
        let (mail, source) = try await operations.mail(at: place)
        return try request.shown(.ok(MailView(mail)), or: MailboxPages.one(mail, source: source))
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
        id = item.place.rawValue
        to = item.to
        subject = item.subject
        text = item.text
        html = item.html
        receivedAt = item.receivedAt
        messageId = item.messageID
    }
}

extension Request {
    /// One URL for programs and browsers: a client that accepts HTML and not JSON gets the page.
    fileprivate func shown(_ json: Response, or page: Response) -> Response {
        let accepted = http.fields.values(of: "accept").joined(separator: ",")
        var response = accepted.contains("text/html") && !accepted.contains("json") ? page : json
        response.fields["vary"] = "Accept"
        return response
    }
}

extension NotificationError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .unknownNotice, .unknownMail: .notFound
        case .noMailbox:
            Problem(
                .notFound, "not-found",
                detail: "There is no development mailbox: the hub sends its mails to the server of SMTP_URL.")
        }
    }
}
