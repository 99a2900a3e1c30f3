import Contracts
import HubTesting
@testable import Notification
import ServiceTesting
import Testing

@Suite struct ErasureTests {
    private let traces = ["Ada", "Lovelace", "ada@example.org"]

    @Test func `no data of an erased person remain, also after repeated events`() async throws {
        try await NotificationHub.with { [traces] hub in
            let ada = UserID.new, eve = UserID.new, deletion = EventID.new
            try await hub.register(ada)
            try await hub.register(eve, email: "eve@example.net", firstName: "Eve", lastName: "Noether")
            try await hub.earn(ada)
            try await hub.postAll()
            let before = try await hub.everything()
            #expect(traces.allSatisfy(before.contains))
            for _ in 1...2 { try await hub.delete(ada, deletion) }
            let after = try await hub.everything()
            #expect(!traces.contains(where: after.contains))
            #expect(try await hub.inbox(of: ada).items.isEmpty)
            #expect(try await hub.inbox(of: eve).items.count == 1)
            #expect(try await hub.mailbox().items.map(\.to) == ["eve@example.net"])
        }
    }

    @Test func `events after the erasure have no effect`() async throws {
        try await NotificationHub.with { [traces] hub in
            let ada = UserID.new
            try await hub.earn(ada)
            try await hub.delete(ada)
            try await hub.register(ada)
            try await hub.update(ada, changed: ["role"])
            try await hub.award(ada, milestone: 100)
            try await hub.earn(ada)
            try await hub.post(NotificationHub.mail(user: ada))
            _ = try await hub.operations.settleWaiting()
            #expect(try await hub.mails().isEmpty)
            for table in ["notice", "waiting_notice", "delivery", "mailbox"] {
                #expect(try await hub.rowCount(table) == 0)
            }
            let everything = try await hub.everything()
            #expect(!traces.contains(where: everything.contains))
        }
    }

    @Test func `an erasure during other events leaves nothing`() async throws {
        try await NotificationHub.with { [traces] hub in
            for _ in 0..<20 {
                let ada = UserID.new
                try await hub.register(ada)
                async let badge: Void = hub.earn(ada)
                async let mail: Void = hub.post(NotificationHub.mail(user: ada))
                async let change: Void = hub.update(ada, changed: ["email"])
                async let erasure: Void = hub.delete(ada)
                _ = try await (badge, mail, change, erasure)
            }
            _ = try await hub.operations.settleWaiting()
            for table in ["notice", "waiting_notice", "mailbox"] { #expect(try await hub.rowCount(table) == 0) }
            let everything = try await hub.everything()
            #expect(!traces.contains(where: everything.contains))
        }
    }

    @Test func `a waiting mail is not sent after the erasure of its recipient`() async throws {
        try await NotificationHub.withServer { hub, server in
            let ada = UserID.new, mail = EventID.new
            try await hub.post(NotificationHub.mail(user: ada), mail)
            try await hub.delete(ada)
            try await hub.post(NotificationHub.mail(to: "eve@example.net"))
            try await hub.sending {
                try await eventually { try await server.mailCount() == 1 }
                try await eventually { try await hub.deliveryCount(.sent) == 1 }
            }
            #expect(try await server.mails().map(\.toAddress) == ["eve@example.net"])
            #expect(try await hub.delivery(mail)?.state == "dropped")
        }
    }
}
