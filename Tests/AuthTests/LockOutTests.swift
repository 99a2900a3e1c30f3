import Contracts
import Foundation
import HTTP
import HubTesting
import Platform
import Postgres
import ServiceTesting
import Testing

@testable import Auth

@Suite struct LockOutTests {
    private static let strict = [
        "HUB_LOGIN_PLACE_FAILURES": "3", "HUB_LOGIN_ACCOUNT_FAILURES": "5", "HUB_LOGIN_ADDRESS_FAILURES": "8",
    ]

    @Test(arguments: ["ada@example.org", "nobody@example.org"])
    func `after some failures at one place the next attempt waits, whether or not the account exists`(
        _ email: String
    ) async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            #expect(try await world.guess(email, times: 3) == [401, 401, 401])
            let early = try await world.logIn(email)
            #expect(early.status == 429)
            #expect(early.code == "too-many-attempts")
            // Until three have faded to two: half an hour times the binary logarithm of 3/2.
            #expect(early.fields["retry-after"] == "1053")
            world.clock.advance(by: 1_053)
            #expect(try await world.guess(email, times: 2) == [401, 429])
        }
    }

    @Test func `after the wait the right password logs in, and clears the failures`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            #expect(try await world.guess(times: 4).last == 429)
            world.clock.advance(by: 1_053)
            #expect(try await world.logIn().status == 200)
            #expect(try await world.guess(times: 4) == [401, 401, 401, 429])
        }
    }

    @Test func `guessing from one address does not lock out other addresses`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            #expect(try await world.guess(times: 9, from: "198.51.100.1").filter { $0 == 401 }.count == 3)
            #expect(try await world.logIn(from: "192.0.2.1").status == 200)
        }
    }

    @Test func `guessing from many addresses does not lock out an address without failures`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            for number in 1...6 { #expect(try await world.guess(from: "198.51.100.\(number)") == [401]) }
            #expect(try await world.guess(from: "198.51.100.1") == [429])
            #expect(try await world.logIn(from: "192.0.2.1").status == 200)
        }
    }

    @Test func `an unchecked attempt does not count`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            _ = try await world.guess(times: 2)
            await world.server.drain(within: .seconds(1))
            for _ in 0..<5 { #expect(try await world.logIn().status == 503) }
        }
    }

    @Test func `IPv4 addresses on an IPv6 socket are counted separately`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            for number in 1...8 { _ = try await world.guess("p\(number)@example.org", from: "::ffff:192.0.2.1") }
            #expect(try await world.logIn(from: "192.0.2.1").status == 429)
            #expect(try await world.logIn(from: "::ffff:192.0.2.2").status == 200)
        }
    }

    @Test func `guesses sent all at once from one place are all counted`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            let statuses = try await Self.guesses(in: world, count: 30) { _ in "192.0.2.1" }
            #expect(statuses.filter { $0 == 401 }.count == 3)
            #expect(statuses.filter { $0 == 429 }.count == 27)
        }
    }

    @Test func `guesses sent all at once from everywhere are all counted`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            let statuses = try await Self.guesses(in: world, count: 30) { "192.0.2.\($0)" }
            // Each from a place that has not failed: twice as many as of the others.
            #expect(statuses.filter { $0 == 401 }.count == 10)
            #expect(statuses.filter { $0 == 429 }.count == 20)
        }
    }

    @Test func `concurrent guesses at an account are counted one after the other`() async throws {
        try await LogInWorld.with(settings: Self.strict.merging(["HUB_LOGIN_ACCOUNT_FAILURES": "2"]) { $1 }) { world in
            _ = try await world.person()
            _ = try await world.guess(from: "192.0.2.99")
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                try await world.auth.database.transaction { holder in
                    _ = try await holder.query("select from attempt_tally for update")
                    for number in 0..<5 {
                        group.addTask { try await world.guess(from: "192.0.2.\(number)")[0] }
                    }
                    // An implementation without a lock would get here too, and overwrite the counts of others.
                    try await eventually("two wait for the row") {
                        try await world.count(
                            """
                            select count(*) from pg_stat_activity
                            where wait_event_type = 'Lock' and datname = current_database()
                            """) >= 2
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.sorted() == [401, 401, 401, 429, 429])
        }
    }

    private static func guesses(
        in world: LogInWorld, count: Int, from address: @escaping @Sendable (Int) -> String
    ) async throws -> [Int] {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<count { group.addTask { try await world.guess(from: address(number))[0] } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test func `neither e-mail nor network addresses are stored`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            _ = try await world.guess(from: "192.0.2.77")
            let token = try #require(try await world.logIn(from: "192.0.2.77")["deviceToken"])
            let rows = try await world.auth.database.query(
                "select to_jsonb(a)::text from attempt_tally a union all select to_jsonb(d)::text from device d")
            #expect(rows.count == 4)
            for row in rows {
                let text = try row.decode(String.self)
                #expect(!text.contains("ada") && !text.contains("192.0.2.77") && !text.contains(token))
            }
        }
    }
}

@Suite struct SharedAddressTests {
    private static let strict = ["HUB_LOGIN_ADDRESS_FAILURES": "8"]

    @Test func `failures of one account do not delay another`() async throws {
        try await LogInWorld.with(settings: ["HUB_LOGIN_PLACE_FAILURES": "3"]) { world in
            _ = try await world.person("bob@example.org")
            #expect(try await world.guess(times: 4).last == 429)
            #expect(try await world.logIn("bob@example.org").status == 200)
        }
    }

    @Test func `an address that tries many accounts is limited`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            for number in 0..<8 {
                #expect(try await world.guess("p\(number)@example.org", from: "2001:db8::\(number)") == [401])
            }
            let same = try await world.logIn(from: "2001:db8:0:0:ffff::1")
            #expect(same.status == 429)
            let elsewhere = try await world.logIn(from: "2001:db8:0:1::1")
            #expect(elsewhere.status == 200)
        }
    }

    @Test func `a class that logs in at once from one address is admitted`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            for number in 0..<30 { _ = try await world.person("p\(number)@example.org") }
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<30 { group.addTask { try await world.logIn("p\(number)@example.org").status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == Array(repeating: 200, count: 30))
        }
    }

    @Test func `each account that logs in allows its address two failures more`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            for number in 0..<3 {
                _ = try await world.person("p\(number)@example.org")
                _ = try await world.logIn("p\(number)@example.org")
            }
            for number in 0..<14 { #expect(try await world.guess("x\(number)@example.org") == [401]) }
            #expect(try await world.guess("x14@example.org") == [429])
        }
    }

    @Test func `typos before the right password do not count against the address`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            for number in 0..<3 {
                let email = "p\(number)@example.org"
                _ = try await world.person(email)
                #expect(try await world.guess(email, times: 4) == [401, 401, 401, 401])
                #expect(try await world.logIn(email).status == 200)
            }
            for number in 0..<14 { #expect(try await world.guess("x\(number)@example.org") == [401]) }
        }
    }

    @Test func `repeated log-ins to one account give no additional guesses`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            for _ in 0..<10 { #expect(try await world.logIn().status == 200) }
            for number in 0..<10 { #expect(try await world.guess("x\(number)@example.org") == [401]) }
            #expect(try await world.guess("x10@example.org") == [429])
        }
    }
}

@Suite struct KnownDeviceTests {
    private static let strict = ["HUB_LOGIN_PLACE_FAILURES": "3", "HUB_LOGIN_ACCOUNT_FAILURES": "5"]

    @Test func `known devices can log in while the account is attacked`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            let device = try await world.logIn()["deviceToken"]
            for number in 0..<15 { _ = try await world.guess(times: 3, from: "198.51.100.\(number)") }
            _ = try await world.guess(times: 3)
            for _ in 0..<10 {
                #expect(try await world.logIn().status == 429)
                #expect(try await world.logIn(from: "203.0.113.1").status == 429)
                #expect(try await world.logIn(device: device).status == 200)
                #expect(try await world.logIn(from: "203.0.113.1", device: device).status == 200)
            }
        }
    }

    @Test func `known devices can log in at an address with many failures`() async throws {
        try await LogInWorld.with(settings: ["HUB_LOGIN_ADDRESS_FAILURES": "8"]) { world in
            _ = try await world.person()
            let device = try await world.logIn()["deviceToken"]
            for number in 0..<12 { _ = try await world.guess("x\(number)@example.org") }
            #expect(try await world.logIn().status == 429)
            #expect(try await world.logIn(device: device).status == 200)
        }
    }

    @Test func `a device's token gives no more guesses than an address`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            _ = try await world.person()
            let device = try await world.logIn()["deviceToken"]
            let guesses =
                try await world.guess(times: 2, from: "198.51.100.1", device: device)
                + world.guess(times: 2, from: "198.51.100.2", device: device)
            #expect(guesses == [401, 401, 401, 429])
            #expect(try await world.logIn(device: device).status == 429)
            // They count for the device alone.
            #expect(try await world.logIn().status == 200)
            world.clock.advance(by: 1_053)
            #expect(try await world.logIn(device: device).status == 200)
        }
    }

    @Test func `an unknown device token, or one of another account, has no effect`() async throws {
        try await LogInWorld.with(settings: ["HUB_LOGIN_PLACE_FAILURES": "3"]) { world in
            _ = try await world.person()
            _ = try await world.person("bob@example.org")
            let bobs = try await world.logIn("bob@example.org", from: "192.0.2.9")["deviceToken"]
            let plain = try await world.logIn("nobody@example.org", "another password", from: "192.0.2.8")
            for (number, device) in [bobs, "invented"].enumerated() {
                for email in ["ada@example.org", "nobody@example.org"] {
                    let address = "192.0.2.\(number)"
                    let answer = try await world.logIn(email, "another password", from: address, device: device)
                    #expect(answer.body == plain.body)
                    #expect(answer.fields == plain.fields)
                    #expect(try await world.guess(email, times: 3, from: address, device: device) == [401, 401, 429])
                }
            }
        }
    }

    @Test func `a known device keeps its token, and a new one gets a token`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            let first = try await world.logIn()["deviceToken"]
            #expect(first?.count == 43)
            #expect(try await world.logIn("ADA@example.org", device: first)["deviceToken"] == first)
            let others = [try await world.logIn(), try await world.logIn(device: "invented")].map { $0["deviceToken"] }
            #expect(Set(others + [first, "invented"]).count == 4)
            let refreshed = try await world.refresh(try await world.logIn(device: first)["refreshToken"])
            #expect(refreshed.object["deviceToken"] == nil)
            #expect(try await world.count("select count(*) from device") == 3)
        }
    }

    @Test func `the device that was unused for the longest time is replaced`() async throws {
        try await LogInWorld.with { world in
            _ = try await world.person()
            let kept = try await world.logIn()["deviceToken"]
            world.clock.advance(by: 1)
            let dropped = try await world.logIn()["deviceToken"]
            for _ in 2..<Device.countMax {
                world.clock.advance(by: 1)
                _ = try await world.logIn()
            }
            world.clock.advance(by: 1)
            #expect(try await world.logIn(device: kept)["deviceToken"] == kept)
            _ = try await world.logIn()
            #expect(try await world.count("select count(*) from device") == Device.countMax)
            #expect(try await world.logIn(device: kept)["deviceToken"] == kept)
            #expect(try await world.logIn(device: dropped)["deviceToken"] != dropped)
        }
    }

    @Test func `known devices remain known after a log-out everywhere`() async throws {
        try await LogInWorld.with(settings: Self.strict) { world in
            let ada = try await world.person()
            let device = try await world.logIn()["deviceToken"]
            _ = try await world.auth.send(.post, "/auth/logout-all", as: .user(ada, role: .student, session: "s"))
            _ = try await world.guess(times: 4)
            #expect(try await world.logIn(device: device).status == 200)
        }
    }

    @Test func `the devices of an erased person are deleted`() async throws {
        try await LogInWorld.with { world in
            let ada = try await world.person()
            _ = try await world.person("bob@example.org")
            _ = try await world.logIn()
            _ = try await world.logIn("bob@example.org")
            try await world.auth.deliver(UserDeleted(userID: ada, deletedAt: world.clock.now))
            #expect(try await world.count("select count(*) from device where user_id = \(ada.rawValue)") == 0)
            #expect(try await world.count("select count(*) from device") == 1)
        }
    }
}
