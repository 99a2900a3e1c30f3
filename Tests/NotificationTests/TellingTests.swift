import Contracts
import Foundation
@testable import Notification
import ServiceTesting
import Testing

@Suite struct TellingTests {
    @Test func `a registration causes a welcome notification and a mail`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new, registration = EventID.new
            try await hub.register(ada, registration)
            let inbox = try await hub.inbox(of: ada)
            #expect(inbox.items.map(\.type) == ["welcome"] && inbox.unread == 1)
            let mail = try #require(try await hub.mails().first)
            #expect(mail.userID == ada && mail.to == "ada@example.org" && mail.template == "welcome")
            #expect(mail.subject == "Welcome to Learning Hub" && mail.causeEventID == registration)
            #expect(
                mail.parameters == ["firstName": "Ada", "lastName": "Lovelace", "language": "en", "role": "STUDENT"])
        }
    }

    @Test func `a registration delivered twice causes one welcome`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new, registration = EventID.new
            try await hub.register(ada, registration)
            try await hub.register(ada, registration)
            #expect(try await hub.inbox(of: ada).items.count == 1)
            #expect(try await hub.mails().count == 1)
        }
    }

    @Test func `a changed name is stored without a notification`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.register(ada)
            try await hub.update(ada, changed: ["lastName"])
            #expect(try await hub.inbox(of: ada).items.map(\.type) == ["welcome"])
            try await hub.earn(ada)
            #expect(try await hub.mails().last?.parameters["lastName"] == "King")
        }
    }

    @Test func `a changed address causes mails to the old and the new one`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.register(ada)
            let change = EventID.new
            for _ in 1...2 {
                try await hub.update(ada, change, email: "ada@new.example", changed: ["email", "firstName"])
            }
            let mails = try await hub.mails().filter { $0.template == "profile-changed" }
            #expect(mails.map(\.to) == ["ada@new.example", "ada@example.org"])
            #expect(mails.allSatisfy { $0.parameters["changed"] == "email" })
            #expect(try await hub.inbox(of: ada).items.map(\.type) == ["profile-changed", "welcome"])
        }
    }

    @Test func `a changed role causes one notification`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.register(ada)
            let change = EventID.new
            for _ in 1...2 { try await hub.update(ada, change, role: .instructor, changed: ["role"]) }
            let mails = try await hub.mails().filter { $0.template == "profile-changed" }
            #expect(mails.map(\.to) == ["ada@example.org"])
            let item = try #require(try await hub.inbox(of: ada).items.first)
            #expect(item.body == "Your role is now: instructor.")
        }
    }

    @Test(arguments: [[1, 2], [2, 1]])
    func `of two changes of a person in one batch the newer stays, and each sends its mails`(
        turns: [Int]
    ) async throws {
        try await NotificationHub.with { hub in
            let people = (0..<5).map { _ in UserID.new }
            for ada in people { try await hub.register(ada) }
            let changes = turns.flatMap { turn in
                people.map {
                    NotificationHub.updated(
                        $0, email: "\(turn)@new.example", changed: ["email"],
                        at: NotificationHub.time + TimeInterval(60 * turn))
                }
            }
            #expect(try await hub.deliver(together: changes) == 10)
            for ada in people {
                try await hub.earn(ada)
                let mails = try await hub.mails().filter { $0.userID == ada && $0.template != "welcome" }
                let inOrder = ["1@new.example", "ada@example.org", "2@new.example", "1@new.example", "2@new.example"]
                // The older one that comes late changes no address any more.
                let newerFirst = ["2@new.example", "ada@example.org", "2@new.example", "2@new.example"]
                #expect(mails.map(\.to) == (turns == [1, 2] ? inOrder : newerFirst))
            }
        }
    }

    @Test func `a replayed registration causes no welcome`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new, registration = EventID.new
            try await hub.register(ada, registration)
            try await hub.register(ada, registration, isReplay: true)
            #expect(try await hub.inbox(of: ada).items.count == 1)
        }
    }

    /// The two come on different topics.
    @Test func `a registration that comes after a change does not undo it`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.update(ada, email: "ada@new.example", changed: ["email"])
            try await hub.register(ada)
            let welcome = try #require(try await hub.mails().last)
            #expect(welcome.template == "welcome" && welcome.to == "ada@new.example")
            #expect(welcome.parameters["lastName"] == "King")
        }
    }

    @Test func `points cause one notification at a milestone`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.register(ada)
            try await hub.award(ada, milestone: nil)
            let award = EventID.new
            for _ in 1...2 { try await hub.award(ada, milestone: 100, award) }
            #expect(
                try await hub.inbox(of: ada).items.map(\.title) == [
                    "You have reached 100 points", "Welcome to Learning Hub",
                ])
            #expect(try await hub.mails().map(\.template) == ["welcome", "milestone"])
        }
    }

    @Test func `a badge causes one notification, the newcomer's without a mail`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.register(ada)
            try await hub.earn(ada, badge: "NEWCOMER")
            let award = EventID.new
            for _ in 1...2 { try await hub.earn(ada, award) }
            #expect(try await hub.inbox(of: ada).items.map(\.type) == ["achievement", "achievement", "welcome"])
            #expect(try await hub.mails().map(\.template) == ["welcome", "achievement"])
            #expect(try await hub.mails().last?.subject == "You have earned a badge: Polyglot")
        }
    }

    /// The badge's topic may be ahead of the registrations'.
    @Test func `a badge before the registration of its owner waits, with its trace`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new, award = EventID.new
            for _ in 1...2 { try await hub.earn(ada, award) }
            #expect(try await hub.operations.settleWaiting() == 0)
            #expect(try await hub.inbox(of: ada).items.isEmpty)
            try await hub.register(ada)
            #expect(try await hub.operations.settleWaiting() == 1)
            #expect(try await hub.operations.settleWaiting() == 0)
            #expect(try await hub.inbox(of: ada).items.count == 2)
            let mails = try await hub.mails()
            #expect(mails.map(\.template) == ["welcome", "achievement"])
            #expect(mails.last?.causeEventID == award && mails.last?.to == "ada@example.org")
        }
    }

    @Test func `texts are in the language of the recipient`() async throws {
        try await NotificationHub.with(language: .german) { hub in
            let ada = UserID.new
            try await hub.register(ada)
            #expect(try await hub.inbox(of: ada).items.map(\.title) == ["Willkommen bei Learning Hub"])
            try await hub.postAll()
            let mail = try #require(try await hub.mailbox().items.first)
            #expect(mail.text.hasPrefix("Hallo Ada,") && mail.html.contains("lang=\"de\""))
        }
    }
}
