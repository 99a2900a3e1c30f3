import Contracts
import Foundation
import Testing

@testable import Auth

@Suite struct AttemptsTests {
    private let start = Date(timeIntervalSince1970: 1_800_000_000)

    @Test func `tallies halve every half hour`() {
        let tally = Tally(failures: 8, successes: 4, at: start)
        #expect(tally.faded(to: start + 1_800) == Tally(failures: 4, successes: 2, at: start + 1_800))
        #expect(tally.faded(to: start + 5_400) == Tally(failures: 1, successes: 0.5, at: start + 5_400))
    }

    @Test func `a clock that was set back does not change a tally`() {
        let tally = Tally(failures: 8, at: start)
        #expect(tally.faded(to: start - 3_600) == tally)
    }

    @Test func `a wait ends at its announced time`() {
        let tally = Tally(failures: 8, at: start)
        let wait = tally.waitSeconds(limit: 5)
        #expect(wait == 1_800)
        #expect(tally.faded(to: start + wait - 1).waitSeconds(limit: 5) > 0)
        #expect(tally.faded(to: start + wait).waitSeconds(limit: 5) == 0)
        #expect(Tally(failures: 4, at: start).waitSeconds(limit: 5) == 0)
    }

    @Test func `an address's tally is the sum of those of its accounts`() throws {
        let limits = AttemptLimits(place: 10, account: 50, address: 50)
        var address = Tally(at: start)
        var places = Array(repeating: Tally(at: start), count: 3)
        // Which account, after how many seconds, and whether it gets in.
        let steps = [(0, 0, false), (1, 9, false), (1, 60, true), (0, 70, false), (2, 900, true), (1, 1_000, true)]
        for (index, seconds, isRight) in steps {
            let time = start + Double(seconds)
            var attempts = Attempts(place: places[index], account: nil, address: address)
            try attempts.admit(at: time, limits)
            if isRight { attempts.succeed(at: time) } else { attempts.fail(at: time) }
            places[index] = attempts.place
            address = try #require(attempts.address)
        }
        let end = start + 1_000
        let sum = places.map { $0.faded(to: end) }
        #expect(abs(sum.reduce(0) { $0 + $1.failures } - address.failures) < 1e-9)
        #expect(abs(sum.reduce(0) { $0 + $1.successes } - address.successes) < 1e-9)
        #expect(address.failures > 1 && address.successes > 1)
    }
}

@Suite struct SessionRuleTests {
    private let start = Date(timeIntervalSince1970: 1_800_000_000)
    private var session: Session {
        Session(
            of: .make(at: start), userAgent: String(repeating: "x", count: 900), at: start, lifetime: 100)
    }

    @Test func `a refresh prolongs the session`() {
        var session = session
        #expect(session.refresh(.unused, at: start + 99, lifetime: 100) == .refreshed)
        #expect(session.expiresAt == start + 199)
        #expect(session.lastUsedAt == start + 99)
    }

    @Test func `a used token that is repeated late ends the session`() {
        var session = session
        let use = TokenUse.used(at: start, isNextUsed: false)
        #expect(session.refresh(use, at: start + 10.001, lifetime: 100) == .reused)
        #expect(session.end == .reuse)
        #expect(session.refresh(.unused, at: start + 11, lifetime: 100) == .refused)
    }

    @Test func `a used token can be repeated for ten seconds, also with a slow clock`() {
        let before = session
        var session = before
        let use = TokenUse.used(at: start + 5, isNextUsed: false)
        for seconds in [0, 5, 15] {
            #expect(session.refresh(use, at: start + Double(seconds), lifetime: 100) == .repeated)
        }
        #expect(session == before)
    }

    @Test func `a used token ends the session at once if the next one was used`() {
        var session = session
        #expect(session.refresh(.used(at: start, isNextUsed: true), at: start, lifetime: 100) == .reused)
    }

    @Test func `a session expires`() {
        var session = session
        #expect(session.refresh(.unused, at: start + 100, lifetime: 100) == .refused)
        #expect(session.end == nil)
    }

    @Test func `a long name of a browser is cut`() {
        #expect(session.userAgent?.count == Session.userAgentLengthMax)
    }
}

@Suite struct KeyScheduleTests {
    private let start = Date(timeIntervalSince1970: 1_800_000_000)
    private let schedule = KeySchedule(age: 86_400, tokenLifetime: 900)

    @Test func `the first key signs at once`() throws {
        let first = try #require(schedule.due([], id: "a", at: start))
        #expect(first == KeyTimes(id: "a", createdAt: start, signsFrom: start))
        #expect(schedule.signing([first], at: start) == first)
        #expect(schedule.due([first], id: "b", at: start + 82_799) == nil)
    }

    @Test func `the next key is published before it signs, and the last one after it signed`() throws {
        let first = try #require(schedule.due([], id: "a", at: start))
        let soon = start + 82_800
        let second = try #require(schedule.due([first], id: "b", at: soon))
        let both = [first, second]
        #expect(schedule.due(both, id: "c", at: soon + 1) == nil)
        #expect(schedule.signing(both, at: soon) == first)
        #expect(schedule.signing(both, at: soon + 3_599) == first)
        #expect(schedule.signing(both, at: soon + 3_600) == second)
        // Whatever the first signed last is valid for 900 seconds more.
        #expect(schedule.spent(both, at: soon + 3_600 + 900) == [])
        #expect(schedule.spent(both, at: soon + 3_600 + 4_500) == [first])
        #expect(schedule.spent([second], at: soon + 999_999) == [])
    }

    @Test func `after a long pause the next key is due at once`() throws {
        let old = KeyTimes(id: "a", createdAt: start, signsFrom: start)
        let late = start + 10 * 86_400
        let next = try #require(schedule.due([old], id: "b", at: late))
        #expect(next.signsFrom == late + KeySchedule.leadSeconds)
        #expect(schedule.signing([old, next], at: late) == old)
    }
}
