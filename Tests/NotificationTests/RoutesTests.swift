import Contracts
import HTTP
@testable import Notification
import Platform
import ServiceTesting
import Testing

@Suite struct RoutesTests {
    @Test func `a person reads their notifications one by one and all at once`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.register(ada)
            for _ in 0..<3 { try await hub.earn(ada) }
            let first = try #require(try await hub.inbox(of: ada).items.first)
            #expect(first.readAt == nil)
            #expect(try await hub.send(.post, "/notifications/\(first.id)/read", as: ada).status == 204)
            let readAt = try #require(try await hub.inbox(of: ada).items.first?.readAt)
            #expect(try await hub.inbox(of: ada).unread == 3)
            #expect(try await hub.send(.post, "/notifications/read-all", as: ada).status == 204)
            let inbox = try await hub.inbox(of: ada)
            #expect(inbox.unread == 0 && inbox.items.allSatisfy { $0.readAt != nil })
            #expect(inbox.items.first?.readAt == readAt)
        }
    }

    @Test func `a person cannot mark another person's notification`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new, eve = UserID.new
            try await hub.register(ada)
            let item = try #require(try await hub.inbox(of: ada).items.first)
            #expect(try await hub.send(.post, "/notifications/\(item.id)/read", as: eve).status == 404)
            #expect(try await hub.send(.post, "/notifications/ntf_unknown/read", as: ada).status == 404)
            #expect(try await hub.send(.post, "/notifications/nonsense/read", as: ada).status == 404)
            #expect(try await hub.send(.post, "/notifications/read-all", as: eve).status == 204)
            #expect(try await hub.inbox(of: ada).unread == 1)
            #expect(try await hub.inbox(of: eve).items.isEmpty)
        }
    }

    @Test func `the list is read page by page`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.register(ada)
            for _ in 0..<4 { try await hub.earn(ada) }
            var ids: [String] = []
            var target = "/notifications?limit=2"
            while true {
                let page = try await hub.get(target, as: ada, NotificationHub.InboxBody.self)
                ids += page.items.map(\.id)
                #expect(page.unread == 5)
                guard let cursor = page.nextCursor else { break }
                target = "/notifications?limit=2&cursor=\(cursor)"
            }
            #expect(ids.count == 5 && Set(ids).count == 5)
        }
    }

    @Test func `an anonymous caller sees no notifications`() async throws {
        try await NotificationHub.with { hub in
            let list = try await hub.send(.get, "/notifications")
            let all = try await hub.send(.post, "/notifications/read-all")
            let one = try await hub.send(.post, "/notifications/ntf_1/read")
            #expect([list, all, one].map(\.status) == [401, 401, 401])
        }
    }

    @Test(arguments: [
        "/notifications?limit=0", "/notifications?cursor=x", "/dev/mailbox?cursor=x", "/dev/mailbox?limit=-1",
    ])
    func `a page that does not exist is refused`(target: String) async throws {
        try await NotificationHub.with { hub in
            let answer = try await hub.send(.get, target, as: .new)
            #expect(answer.status == 422)
        }
    }

    @Test func `without a mail server a mail is in the public development mailbox once`() async throws {
        try await NotificationHub.with { hub in
            let event = EventID.new, mail = NotificationHub.mail(firstName: "<b>Ada</b>")
            for _ in 1...2 { try await hub.post(mail, event) }
            try await hub.post(NotificationHub.mail(to: "eve@example.net"))
            let all = try await hub.mailbox()
            #expect(all.items.map(\.to) == ["eve@example.net", "ada@example.org"])
            let one = try #require(try await hub.mailbox("?to=ADA%40example.org").items.first)
            #expect(one.subject == "Welcome" && one.messageId == "<\(event)@example.org>")
            #expect(one.text.contains("<b>Ada</b>") && one.html.contains("&lt;b&gt;Ada&lt;/b&gt;"))
            #expect(try await hub.mailbox("?to=nobody%40example.org").items.isEmpty)
            #expect(try await hub.delivery(event)?.state == "sent")
        }
    }

    @Test func `the mailbox is read page by page`() async throws {
        try await NotificationHub.with { hub in
            for number in 0..<5 { try await hub.post(NotificationHub.mail(to: "p\(number)@example.org")) }
            let first = try await hub.mailbox("?limit=3")
            let cursor = try #require(first.nextCursor)
            let second = try await hub.mailbox("?limit=3&cursor=\(cursor)")
            #expect(first.items.map(\.to) == ["p4@example.org", "p3@example.org", "p2@example.org"])
            #expect(second.items.map(\.to) == ["p1@example.org", "p0@example.org"] && second.nextCursor == nil)
        }
    }

    @Test func `a page links to the next one, except the last`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.register(ada)
            try await hub.earn(ada)
            let list = try await hub.send(.get, "/notifications?limit=1", as: ada)
            #expect(list.fields["link"]?.hasPrefix("</notifications?limit=1&cursor=ntf_") == true)
            #expect(try await hub.send(.get, "/notifications?limit=2", as: ada).fields["link"] == nil)
            for _ in 0..<2 { try await hub.post(NotificationHub.mail()) }
            let mails = try await hub.send(.get, "/dev/mailbox?to=ada%40example.org&limit=1")
            #expect(mails.fields["link"] == "</dev/mailbox?to=ada%40example.org&limit=1&cursor=2>; rel=\"next\"")
        }
    }

    @Test func `with a mail server there is no mailbox`() async throws {
        try await NotificationHub.withServer { hub, _ in
            for target in ["/dev/mailbox", "/dev/mailbox/1"] {
                let response = try await hub.send(.get, target)
                #expect(response.status == 404)
            }
        }
    }

    private static let browser: HTTPFields = ["accept": "text/html,application/xhtml+xml,*/*;q=0.8"]

    @Test func `a browser gets the mailbox as HTML, other clients as JSON`() async throws {
        try await NotificationHub.with { hub in
            for number in 0..<3 { try await hub.post(NotificationHub.mail(to: "p\(number)@example.org")) }
            let page = try await hub.send(.get, "/dev/mailbox?limit=2", fields: Self.browser)
            #expect(page.fields["content-type"] == "text/html; charset=utf-8" && page.fields["vary"] == "Accept")
            #expect(page.text.contains("<a href=\"/dev/mailbox/3\">Welcome</a></td><td>p2@example.org</td>"))
            #expect(page.text.contains("<a href=\"/dev/mailbox?limit=2&amp;cursor=2\">Older mails</a>"))
            let one = try await hub.send(.get, "/dev/mailbox?to=p1%40example.org", fields: Self.browser)
            #expect(one.text.contains("p1@example.org") && !one.text.contains("p2@example.org"))
            for accept in ["*/*", "application/json", "application/json, text/html"] {
                let answer = try await hub.send(.get, "/dev/mailbox", fields: ["accept": accept])
                #expect(answer.fields["content-type"] == "application/json" && answer.fields["vary"] == "Accept")
            }
        }
    }

    @Test func `the page of a mail shows its HTML, text and source, isolated from the page`()
        async throws
    {
        try await NotificationHub.with { hub in
            try await hub.post(NotificationHub.mail(firstName: "</pre><script>alert(1)</script>\"'"))
            let page = try await hub.send(.get, "/dev/mailbox/1", fields: Self.browser)
            #expect(page.fields["content-security-policy"]?.contains("default-src 'none'") == true)
            #expect(!page.text.contains("<script"))
            let frame = try #require(page.text.firstMatch(of: /<iframe sandbox title="[^"]*" srcdoc="([^"]*)">/))
            #expect(frame.output.1.contains("&amp;lt;script&amp;gt;"))
            #expect(page.text.contains("&lt;/pre&gt;&lt;script&gt;alert(1)"), "the text")
            #expect(page.text.contains("Message-ID: &lt;") && page.text.contains("To: &lt;ada@example.org&gt;"))
            let json = try await hub.get("/dev/mailbox/1", NotificationHub.MailboxBody.Item.self)
            #expect(json.id == "1" && json.subject == "Welcome")
            for target in ["/dev/mailbox/2", "/dev/mailbox/x", "/dev/mailbox/99999999999999999999"] {
                #expect(try await hub.send(.get, target, fields: Self.browser).status == 404)
            }
        }
    }
}
