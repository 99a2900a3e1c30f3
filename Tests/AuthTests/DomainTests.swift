import Contracts
import Foundation
import Testing

@testable import Auth

@Suite struct AttemptsTests {
    private let start = Date(timeIntervalSince1970: 1_800_000_000)

    @Test func `failures are free, then waits double up to the longest`() {
        let policy = AttemptPolicy(freeCount: 3)
        #expect((0...6).map { policy.delaySeconds(after: $0) } == [nil, nil, nil, nil, 1, 2, 4])
        #expect(policy.delaySeconds(after: 14) == AttemptPolicy.delaySecondsMax)
        #expect(policy.delaySeconds(after: 1_000_000) == AttemptPolicy.delaySecondsMax)
    }

    @Test func `an hour of quiet is forgiven`() {
        var attempts = Attempts.none(at: start)
        for _ in 0..<9 { attempts.count(at: start, AttemptPolicy(freeCount: 3)) }
        attempts.count(at: start + 3_600, AttemptPolicy(freeCount: 3))
        #expect(attempts.failureCount == 10)
        attempts.count(at: start + 7_201, AttemptPolicy(freeCount: 3))
        #expect(attempts == Attempts(failureCount: 1, lastAt: start + 7_201, blockedUntil: nil))
    }

    @Test func `a wait ends when it is said to end`() throws {
        let attempts = Attempts(failureCount: 9, lastAt: start, blockedUntil: start + 2.5)
        #expect(throws: AuthError.tooManyAttempts(retryAfterSeconds: 3)) { try attempts.check(at: start) }
        #expect(throws: AuthError.tooManyAttempts(retryAfterSeconds: 1)) { try attempts.check(at: start + 2.4) }
        try attempts.check(at: start + 2.5)
    }
}

@Suite struct SessionRuleTests {
    private let start = Date(timeIntervalSince1970: 1_800_000_000)
    private var session: Session {
        Session(
            of: .make(at: start), userAgent: String(repeating: "x", count: 900), at: start, lifetime: 100)
    }

    @Test func `a refresh prolongs`() {
        var session = session
        #expect(session.refresh(.unused, at: start + 99, lifetime: 100) == .refreshed)
        #expect(session.expiresAt == start + 199)
        #expect(session.lastUsedAt == start + 99)
    }

    @Test func `a used token that comes late ends it for good`() {
        var session = session
        let use = TokenUse.used(at: start, isNextUsed: false)
        #expect(session.refresh(use, at: start + 10.001, lifetime: 100) == .reused)
        #expect(session.end == .reuse)
        #expect(session.refresh(.unused, at: start + 11, lifetime: 100) == .refused)
    }

    @Test func `a used token may come again for ten seconds, by a clock that is behind too`() {
        let before = session
        var session = before
        let use = TokenUse.used(at: start + 5, isNextUsed: false)
        for seconds in [0, 5, 15] {
            #expect(session.refresh(use, at: start + Double(seconds), lifetime: 100) == .repeated)
        }
        #expect(session == before)
    }

    @Test func `a used token ends it at once when the next one was used`() {
        var session = session
        #expect(session.refresh(.used(at: start, isNextUsed: true), at: start, lifetime: 100) == .reused)
    }

    @Test func `its time ends`() {
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
