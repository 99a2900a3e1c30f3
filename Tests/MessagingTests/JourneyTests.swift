import Contracts
import Foundation
import HubTesting
import Messaging
import Observability
import Postgres
import Testing

@Suite struct JourneyTests {
    @Test func `one correlation id connects a request with its events and effects`()
        async throws
    {
        try await TestHub.with { hub in
            let gamification = Outbox(service: .gamification, codec: hub.codec)
            let relay = Relay(
                outbox: gamification, database: hub.gamification, log: hub.log, loops: TestLoops.shared,
                logger: hub.logger, metrics: hub.metrics)
            let award = Handler(name: "awardPointsOnUserRegistered", on: UserRegistered.self) { received, tx in
                if received.event.userID.rawValue == "usr_2" { throw Failure.permanent("unlucky") }
                try await TestHub.write(received, tx)
                try gamification.append(
                    PointsAwarded(
                        awardID: PointsAwardID(checked: "pts_1"), userID: received.event.userID, points: 10,
                        rule: "sign-up", sourceEventID: received.eventID, totalPoints: 10, milestone: nil,
                        awardedAt: Date(timeIntervalSince1970: 0)), on: tx)
            }
            let note = Handler(name: "notePoints", on: PointsAwarded.self) { _, tx in
                Journal().note(.mail, "points", on: tx)
            }
            let trace = TraceContext.root()
            try await hub.running([hub.relay().run, relay.run, hub.consuming([award, note])]) {
                try await TraceContext.$current.withValue(trace) {
                    try await Journal().note(.http, "POST /auth/register", in: hub.user)
                    try await hub.register(TestHub.user(1))
                }
                try await hub.register(TestHub.user(2))
                try await eventually {
                    (try await hub.count("inbox"), try await hub.deadLetters.list().count) == (2, 1)
                }
            }
            let journey = Journey(log: hub.log, database: hub.test.database)
            let steps = try await journey.find(trace.correlationID).steps
            let names = steps.map { "\($0.kind.rawValue) \($0.name)" }
            #expect(
                names.prefix(4) == [
                    "http POST /auth/register", "event user.registered", "effect awardPointsOnUserRegistered",
                    "event points.awarded",
                ])
            // These two belong to one transaction: either may bear the earlier time.
            #expect(Set(names.dropFirst(4)) == ["effect notePoints", "mail points"])
            #expect(steps.allSatisfy { $0.correlationID == trace.correlationID })
            #expect(steps.map(\.service) == [.user, .user, .gamification, .gamification, .gamification, .gamification])
            try #require(steps.count == 6)
            // Each step names its cause.
            #expect(steps[2].causationID == steps[1].eventID)
            #expect(steps[3].causationID == steps[1].eventID)
            #expect(steps[4].causationID == steps[3].eventID)
            #expect(try await journey.find("usr_1").steps == steps)
            #expect(try await journey.find(#require(steps[3].eventID)).steps == steps)
            let failed = try await journey.find("usr_2").steps
            #expect(failed.map(\.kind) == [.event, .deadLetter])
            let rows = try await hub.gamification.query("select correlation_id, causation_id from ledger")
            let (correlation, cause) = try #require(try rows.first?.decode(String.self, String.self))
            #expect(correlation == trace.correlationID && cause == steps[1].eventID)
        }
    }

    /// Something that the user service did in one trace: a request that is written down, or an event.
    private func note(_ correlationID: String, _ hub: TestHub) async throws {
        let context = TraceContext.request(correlationID: correlationID, traceparent: nil)
        try await TraceContext.$current.withValue(context) {
            try await Journal().note(.http, "PATCH /users/me", in: hub.user)
        }
    }

    private func append(key: String, _ correlationID: String, _ hub: TestHub) async throws {
        let record = NewRecord(
            topic: UserRegistered.topic.name, key: key,
            headers: [RecordHeader(HeaderName.correlationID, correlationID)],
            value: [])
        guard case .accepted? = await hub.log.append([record]).first else { throw CancellationError() }
    }

    @Test func `what a trace leaves out is said, each limit by itself, and nothing when a limit is just reached`()
        async throws
    {
        try await TestHub.with { hub in
            for turn in 1...5 {
                try await append(key: "usr_1", "req_\(turn)", hub)
                try await note("req_\(turn)", hub)
            }
            func find(_ change: (inout Journey.Limits) -> Void) async throws -> FoundJourneys {
                var limits = Journey.Limits()
                change(&limits)
                return try await Journey(log: hub.log, database: hub.test.database, limits: limits).find("usr_1")
            }
            let whole = try await find { ($0.journeysCountMax, $0.recordsCountMax) = (5, 5) }
            #expect(whole.leftOut.isEmpty && whole.steps.count == 10, "\(whole)")

            let journeys = try await find { $0.journeysCountMax = 4 }
            #expect(journeys.leftOut == ["only the last 4 of 5 journeys are shown"])
            #expect(Set(journeys.steps.map(\.correlationID)) == ["req_2", "req_3", "req_4", "req_5"])

            let records = try await find { $0.recordsCountMax = 4 }
            #expect(records.leftOut == ["only the oldest 4 records that name it were searched"])
            #expect(Set(records.steps.map(\.correlationID)) == ["req_1", "req_2", "req_3", "req_4"])

            try await note("req_5", hub)
            let journal = try await find { $0.recordsCountMax = 5 }
            #expect(journal.leftOut == ["of user only the oldest 5 requests and mails are shown"])
            #expect(journal.steps.count == 10, "\(journal.steps)")

            // Of these journeys, but nothing names the person in it.
            try await append(key: "usr_2", "req_5", hub)
            let more = try await find { $0.recordsCountMax = 5 }
            #expect(more.leftOut.first == "only the oldest 5 records of these journeys are shown", "\(more.leftOut)")
            #expect(try await find { $0.recordsCountMax = 6 }.leftOut.isEmpty)
        }
    }
}
