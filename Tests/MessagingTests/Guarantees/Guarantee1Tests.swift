import Contracts
import EventLoop
import Foundation
import HubTesting
import Messaging
import Postgres
import SchemaRegistry
import Testing

/// State and event commit together.
@Suite struct Guarantee1Tests {
    struct Refusal: Error {}

    @Test func `a committed transaction has its row and its event`() async throws {
        try await TestHub.with { hub in
            let eventID = try await hub.register(TestHub.user(1))
            #expect(try await hub.count("account", in: hub.user) == 1)
            #expect(try await hub.count("outbox", in: hub.user) == 1)
            try await hub.running([hub.relay().run]) {
                try await eventually { try await hub.records(of: "user.registered").count == 1 }
                try await eventually { try await hub.count("outbox", in: hub.user) == 0 }
            }
            let record = try #require(try await hub.records(of: "user.registered").first)
            #expect(record.keyText == "usr_1")
            #expect(record.headers[HeaderName.eventID] == eventID.rawValue)
            #expect(record.headers[HeaderName.eventType] == "user.registered")
            #expect(record.headers[HeaderName.contentType] == "application/vnd.confluent.avro")
            let envelope = try await hub.codec.decode(record.value ?? [], as: UserRegistered.self)
            #expect(envelope.eventID == eventID)
            #expect(envelope.metadata.source == "user-service")
        }
    }

    @Test func `an event of another service is refused with its transaction`() async throws {
        try await TestHub.with { hub in
            let error = await #expect(throws: OutboxError.self) {
                try await hub.user.transaction { tx in
                    _ = try await tx.execute("insert into account (id, email) values ('usr_1', 'a@b.c')")
                    try hub.outbox.append(
                        PointsAwarded(
                            awardID: .make(at: .now), userID: TestHub.user(1), points: 1, rule: "r",
                            sourceEventID: Guarantee3Tests.event(1), totalPoints: 1, awardedAt: .now), on: tx)
                }
            }
            #expect(error?.description == "points.awarded is produced by gamification, not by user")
            #expect(error?.failureClass == .permanent)
            let left = (try await hub.count("account", in: hub.user), try await hub.count("outbox", in: hub.user))
            #expect(left == (0, 0))
        }
    }

    @Test func `a failed transaction has neither row nor event`() async throws {
        try await TestHub.with { hub in
            await #expect(throws: Refusal.self) {
                try await hub.user.transaction { tx in
                    _ = try await tx.execute("insert into account (id, email) values ('usr_1', 'a@b.c')")
                    try hub.outbox.append(TestHub.registered(TestHub.user(1)), on: tx)
                    throw Refusal()
                }
            }
            let left = (try await hub.count("account", in: hub.user), try await hub.count("outbox", in: hub.user))
            #expect(left == (0, 0))
        }
    }

    @Test func `a connection lost between the event and COMMIT leaves neither row nor event`() async throws {
        try await TestHub.with { hub in
            await #expect(throws: (any Error).self) {
                try await hub.user.transaction { tx in
                    _ = try await tx.execute("insert into account (id, email) values ('usr_1', 'a@b.c')")
                    try hub.outbox.append(TestHub.registered(TestHub.user(1)), on: tx)
                    // After the outbox has been written, since hooks run in the order they were added.
                    tx.beforeCommit { tx in _ = try? await tx.query("select pg_terminate_backend(pg_backend_pid())") }
                }
            }
            let left = (try await hub.count("account", in: hub.user), try await hub.count("outbox", in: hub.user))
            #expect(left == (0, 0))
        }
    }

    @Test func `an event waits for a relay that starts later`() async throws {
        try await TestHub.with { hub in
            for number in 0..<20 { try await hub.register(TestHub.user(number)) }
            try await hub.running([hub.relay().run]) {
                try await eventually { try await hub.records(of: "user.registered").count == 20 }
            }
        }
    }

    @Test func `many events of one transaction keep their order`() async throws {
        try await TestHub.with { hub in
            let ids = try await hub.user.transaction { tx in
                try (0..<100).map { try hub.outbox.append(TestHub.registered(TestHub.user(1), email: "\($0)"), on: tx) }
            }
            try await hub.running([hub.relay().run]) {
                try await eventually { try await hub.records(of: "user.registered").count == 100 }
            }
            let records = try await hub.records(of: "user.registered")
            #expect(records.map { $0.headers[HeaderName.eventID] } == ids.map(\.rawValue))
        }
    }
}
