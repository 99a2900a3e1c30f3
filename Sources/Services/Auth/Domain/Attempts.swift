#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// How often log-in failed lately, for one account or from one address.
///
/// After a few free failures each further one makes the next wait twice as long. Nothing is ever locked for good, so nobody can
/// shut another out for longer than the longest wait.
struct Attempts: Sendable, Equatable {
    var failureCount: Int
    var lastAt: Date
    /// No attempt is looked at before; nil while failures are free.
    var blockedUntil: Date?

    static func none(at time: Date) -> Attempts { Attempts(failureCount: 0, lastAt: time, blockedUntil: nil) }

    /// - Throws: ``AuthError/tooManyAttempts(retryAfterSeconds:)`` while the wait goes on.
    func check(at time: Date) throws(AuthError) {
        guard let blockedUntil, blockedUntil > time else { return }
        let seconds = blockedUntil.timeIntervalSince(time).rounded(.up)
        throw .tooManyAttempts(retryAfterSeconds: Int(exactly: seconds) ?? 1)
    }

    mutating func count(at time: Date, _ policy: AttemptPolicy) {
        if time.timeIntervalSince(lastAt) > AttemptPolicy.memorySeconds { failureCount = 0 }
        failureCount = min(failureCount + 1, 1_000_000)
        lastAt = time
        blockedUntil = policy.delaySeconds(after: failureCount).map { time + $0 }
    }
}

/// How patience runs out.
struct AttemptPolicy: Sendable, Equatable {
    /// Failures without a wait.
    var freeCount: Int

    static let delaySecondsMax: TimeInterval = 900
    /// Failures are forgotten after this without a new one.
    static let memorySeconds: TimeInterval = 3_600

    /// 1, 2, 4 … seconds; nil while failures are free.
    func delaySeconds(after failureCount: Int) -> TimeInterval? {
        guard failureCount > freeCount else { return nil }
        return min(Self.delaySecondsMax, TimeInterval(1 << min(failureCount - freeCount - 1, 20)))
    }
}
