import Foundation
import HubTesting
import SystemTesting
import Testing

/// Unexpected ends of the private PostgreSQL server of `up`.
@Suite struct DatabaseLossTests {
    @Test func `a killed private PostgreSQL is restarted without loss`() async throws {
        let hub = try await HubUnderTest.inOneProcess()
        for number in 0..<5 { #expect(try await hub.client.register("before\(number)@example.com").status == 201) }
        for _ in 0..<2 {
            let killed = hub.postgresProcess
            try hub.killPostgres()
            // Connections outlive their server by a moment, so an answer alone proves nothing.
            try await eventually(within: .seconds(60), "registrations work again, on another server") {
                guard let now = hub.postgresProcess, now != killed else { return false }
                return try await hub.client.register("after-\(UUID().uuidString.prefix(8))@example.com").status == 201
            }
        }
        for number in 0..<5 {
            let email = "before\(number)@example.com"
            // Another service may answer 503 a moment longer than the one that registers.
            let token = try await eventually(within: .seconds(60), "\(email) can log in") {
                try? await hub.client.logIn(email)
            }
            try await eventually(within: .seconds(60), "all of \(email) is there") {
                let points = try await hub.client.points(token)
                let mails = try await hub.client.mailbox(email).count
                return points == 50 && mails == 1
            }
        }
        #expect(try await hub.stop() == [0])
        #expect(hub.logText.contains("the private PostgreSQL server ended and is restarted"))
    }

    @Test func `the hub ends with a reason when its PostgreSQL cannot be restarted`() async throws {
        let hub = try await HubUnderTest.inOneProcess()
        let data = hub.databaseFolder
        try FileManager.default.removeItem(at: data.appending(path: "global/pg_control"))
        try hub.killPostgres()
        #expect(try await hub.exitCodes() == [1])
        #expect(hub.logText.contains("the private PostgreSQL server ended and cannot be restarted"), "\(hub.logText)")
        hub.finish()
    }
}
