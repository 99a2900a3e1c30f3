import Contracts
import Foundation
import Mail
@testable import Notification
import Platform
import ServiceTesting
import Testing

@Suite struct UpkeepTests {
    @Test func `old rows are deleted, recent ones stay`() async throws {
        try await NotificationHub.with { hub in
            let ada = UserID.new
            try await hub.register(ada)
            try await hub.earn(.new)
            for number in 0..<4 { try await hub.post(NotificationHub.mail(to: "p\(number)@example.org")) }
            var limits = KeepingLimits()
            try await hub.operations.tidyUp(limits)
            #expect(try await hub.rowCount("notice") == 1)
            #expect(try await hub.rowCount("waiting_notice") == 1)
            #expect(try await hub.rowCount("delivery") == 4)
            limits.mailboxCountMax = 3
            limits.noticeDays = -1
            limits.waitingDays = -1
            limits.deliveryDays = -1
            // More than a step of each takes.
            limits.stepCountMax = 1
            try await hub.operations.tidyUp(limits)
            for table in ["notice", "waiting_notice", "delivery"] { #expect(try await hub.rowCount(table) == 0) }
            #expect(try await hub.mailbox().items.map(\.to) == ["p3@example.org", "p2@example.org", "p1@example.org"])
        }
    }

    @Test func `waiting mails are never deleted`() async throws {
        try await NotificationHub.withServer { hub, _ in
            try await hub.post(NotificationHub.mail())
            var limits = KeepingLimits()
            limits.deliveryDays = -1
            try await hub.operations.tidyUp(limits)
            #expect(try await hub.deliveryCount(.waiting) == 1)
        }
    }
}

@Suite struct ConfigTests {
    @Test func `without settings the development mailbox is used`() throws {
        let config = try NotificationConfig(Settings())
        #expect(config.smtp == nil && config.language == .english && config.from.name == "Learning Hub")
    }

    @Test func `everything can be set`() throws {
        let config = try NotificationConfig(
            Settings(environment: [
                "SMTP_URL": "smtp://user:pass@mail.example.org:2525", "HUB_MAIL_FROM": "Schule <schule@example.org>",
                "HUB_LANGUAGE": "de", "HUB_MAIL_CONCURRENCY": "3", "HUB_MAIL_TIMEOUT": "5s",
            ]))
        #expect(config.smtp?.description == "smtp://mail.example.org:2525" && config.from.name == "Schule")
        #expect(config.language == .german && config.mail.concurrencyMax == 3 && config.mail.timeout == .seconds(5))
    }

    @Test(arguments: [
        ["SMTP_URL": "mail.example.org"], ["HUB_MAIL_FROM": "nobody"], ["HUB_LANGUAGE": "fr"],
        ["HUB_MAIL_TIMEOUT": "soon"],
    ])
    func `an invalid setting is refused without its value`(environment: [String: String]) throws {
        let error = #expect(throws: SettingsError.self) { try NotificationConfig(Settings(environment: environment)) }
        for (name, value) in environment {
            #expect(error?.description.contains(name) == true && error?.description.contains(value) == false)
        }
    }
}
