import Contracts
import Foundation
import HubTesting
import Messaging
import Observability
import Postgres
import Testing

@Suite struct JourneyTests {
    @Test func `one correlation id runs from the request through events and effects, and tells the journey`()
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
}
