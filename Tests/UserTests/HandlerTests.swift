import Avro
import Contracts
import Foundation
import HTTP
import HubTesting
import ServiceTesting
import Platform
import Postgres
import Testing

@testable import User

@Suite struct HandlerTests {
    private static func subscribed(_ id: UserID, _ plan: String, at time: Date) throws -> SubscriptionCreated {
        SubscriptionCreated(
            subscriptionID: .make(at: time), userID: id, plan: plan, amount: try #require(Money("9.90", .eur)),
            interval: .month,
            currentPeriodEnd: time + 30 * 86_400, createdAt: time)
    }

    @Test func `a subscription sets the plan once, however often it is delivered`() async throws {
        try await Users.with { users in
            let id = try await users.person()
            let event = try Self.subscribed(id, "PRO", at: users.clock.now)
            let eventID = EventID.make(at: users.clock.now)
            #expect(try await users.deliver(event, id: eventID))
            #expect(try await !users.deliver(event, id: eventID))
            #expect(try await users.send(.get, "/users/me", as: .person(id))["plan"] == "PRO")
            let updates = try await users.published(UserUpdated.self)
            #expect(updates.map(\.data.changedFields) == [["plan"]])
            #expect(updates.map(\.data.plan) == ["PRO"])
            #expect(updates.map(\.metadata.causationID) == [eventID])
        }
    }

    @Test func `the same subscription under another event id changes nothing more`() async throws {
        try await Users.with { users in
            let id = try await users.person()
            let event = try Self.subscribed(id, "PRO", at: users.clock.now)
            try await users.deliver(event)
            try await users.deliver(event)
            #expect(try await users.published(UserUpdated.self).count == 1)
        }
    }

    @Test func `a late event of an older subscription changes nothing`() async throws {
        try await Users.with { users in
            let id = try await users.person()
            try await users.deliver(Self.subscribed(id, "PRO", at: users.clock.now))
            try await users.deliver(Self.subscribed(id, "BASIC", at: users.clock.now - 60))
            #expect(try await users.send(.get, "/users/me", as: .person(id))["plan"] == "PRO")
        }
    }

    @Test func `the end of a plan does not end a newer one, in any order of events`() async throws {
        try await Users.with { users in
            let id = try await users.person(), time = users.clock.now
            func end(_ id: UserID, at time: Date, as identity: Identity = .service(.payment)) async throws -> Int {
                let body = #"{"plan": "FREE", "since": "\#(time.iso8601Milliseconds)"}"#
                return try await users.send(.put, "/internal/users/\(id)/plan", as: identity, json: body).status
            }
            func plan() async throws -> String? { try await users.send(.get, "/users/me", as: .person(id))["plan"] }
            try await users.deliver(Self.subscribed(id, "PRO", at: time))
            for _ in 1...2 { #expect(try await end(id, at: time + 60) == 204) }
            #expect(try await plan() == "FREE")
            #expect(try await users.published(UserUpdated.self).map(\.data.plan) == ["PRO", "FREE"])
            // The end of the first plan is heard of after the second has begun.
            try await users.deliver(Self.subscribed(id, "PRO", at: time + 120))
            #expect(try await end(id, at: time + 60) == 204)
            #expect(try await plan() == "PRO")
            // The begin of a plan is heard of after its end.
            #expect(try await end(id, at: time + 240) == 204)
            try await users.deliver(Self.subscribed(id, "PRO", at: time + 180))
            #expect(try await plan() == "FREE")

            #expect(try await end(.make(at: time), at: time) == 204)
            #expect(try await end(id, at: time, as: .service(.auth)) == 403)
            #expect(try await end(id, at: time, as: .person(id)) == 403)
            let wrong = try await users.send(
                .put, "/internal/users/\(id)/plan", as: .service(.payment), json: #"{"plan": "PRO", "since": "now"}"#)
            #expect(wrong.complaints == ["plan", "since"])
        }
    }

    /// Subscriptions are keyed by their id, so only the order in the batch separates two of a person.
    @Test(arguments: [["BASIC", "PRO"], ["PRO", "BASIC"]])
    func `two subscriptions of a person in one batch leave the newer plan`(plans: [String]) async throws {
        try await Users.with { users in
            let time = users.clock.now
            var people: [UserID] = [], events: [SubscriptionCreated] = []
            for number in 0..<10 {
                let id = try await users.person("p\(number)@example.org")
                people.append(id)
                for plan in plans { events.append(try Self.subscribed(id, plan, at: plan == "PRO" ? time + 60 : time)) }
            }
            #expect(try await users.deliver(together: events) == 20)
            let updates = try await users.published(UserUpdated.self).map(\.data)
            // The older one does not change a newer plan.
            let told = plans.first == "PRO" ? ["PRO"] : ["BASIC", "PRO"]
            for id in people {
                let row = try await users.database.query("select plan, version from account where id = \(id.rawValue)")
                    .first
                let (plan, version) = try #require(try row?.decode(String.self, Int.self))
                #expect(plan == "PRO" && version == 1 + told.count)
                #expect(updates.filter { $0.userID == id }.map(\.plan) == told)
            }
        }
    }

    @Test func `a subscription does not restore an erased account`() async throws {
        try await Users.with { users in
            let id = try await users.person()
            _ = try await users.send(.delete, "/users/me", as: .person(id))
            try await users.deliver(Self.subscribed(id, "PRO", at: users.clock.now))
            #expect(
                try await users.count("select count(*) from account where plan <> 'FREE' or plan_since is not null")
                    == 0)
            #expect(try await users.published(UserUpdated.self).isEmpty)
        }
    }
}
