#if canImport(FoundationEssentials)
internal import FoundationEssentials
internal import Glibc
#else
internal import Foundation
#endif

/// Counts of recent log-in attempts with exponential decay: they halve every half-life.
struct Tally: Sendable, Equatable {
    static let halfLifeSeconds: TimeInterval = 1_800
    /// Older attempts count less than a hundredth.
    static let memorySeconds: TimeInterval = 7 * halfLifeSeconds

    /// Attempts that failed or are still pending.
    private(set) var failures: Double
    /// Accounts with a successful log-in, each counted once.
    private(set) var successes: Double
    /// The time to which the counts refer.
    private(set) var at: Date

    init(failures: Double = 0, successes: Double = 0, at time: Date) {
        self.failures = failures
        self.successes = successes
        at = time
    }

    /// The decayed counts at a later time. A clock that was set back adds nothing.
    func faded(to time: Date) -> Tally {
        let left = exp2(-max(0, time.timeIntervalSince(at)) / Self.halfLifeSeconds)
        return Tally(failures: failures * left, successes: successes * left, at: max(at, time))
    }

    mutating func add(failures: Double = 0, successes: Double = 0, at time: Date) {
        self = faded(to: time)
        self.failures = max(0, self.failures + failures)
        self.successes = max(0, self.successes + successes)
    }

    /// Seconds until one more failure is within the limit; 0 when it is now.
    /// - Parameters:
    ///   - limit: the maximum number of failures, at least 2.
    ///   - forSuccess: how many more failures each success allows.
    func waitSeconds(limit: Double, forSuccess: Double = 0) -> TimeInterval {
        let excess = failures - forSuccess * successes
        guard excess > limit - 1 else { return 0 }
        return Self.halfLifeSeconds * log2(excess / (limit - 1))
    }
}

/// The maximum numbers of failures; beyond them each further attempt is delayed until older ones have decayed. At least 2 each.
struct AttemptLimits: Sendable, Equatable {
    /// For one account from one place: a user trying to remember a password.
    var place: Double
    /// For one account from all places together, except known devices.
    var account: Double
    /// For one address over all accounts, in addition to those its successes allow.
    var address: Double

    /// A place without failures of the account in the last two hours has a limit higher by this factor: an attacker with a hundred
    /// addresses cannot lock out a user who comes from another address.
    static let factorOfFreshPlace: Double = 2
    static let freshFailuresMax: Double = 1 / 16
    /// The limit of an address increases by this number for each account with a successful log-in.
    static let addressFailuresForSuccess: Double = 2
}

/// The tallies that a log-in attempt is checked against and changes.
///
/// The tally of an account or an address is the sum over its places; successes remove failures from it.
struct Attempts: Sendable, Equatable {
    /// Of the account on the attempt's device if the account knows it, otherwise from its address.
    var place: Tally
    /// Of the account from all addresses; nil on a known device, which others' failures must not delay.
    var account: Tally?
    /// Of the address; nil on a known device.
    var address: Tally?

    /// The attempt counts as a failure until its result is known, so that a thousand concurrent guesses count as a thousand failures. The
    /// address is exempt, because a class may log in from one address within seconds.
    /// - Throws: ``AuthError/tooManyAttempts(retryAfterSeconds:)``
    mutating func admit(at time: Date, _ limits: AttemptLimits) throws(AuthError) {
        let place = place.faded(to: time)
        let isFresh = place.failures <= AttemptLimits.freshFailuresMax
        let waits = [
            place.waitSeconds(limit: limits.place),
            account?.faded(to: time).waitSeconds(
                limit: limits.account * (isFresh ? AttemptLimits.factorOfFreshPlace : 1)),
            address?.faded(to: time).waitSeconds(
                limit: limits.address, forSuccess: AttemptLimits.addressFailuresForSuccess),
        ]
        let wait = waits.compactMap(\.self).max() ?? 0
        if wait > 0 { throw .tooManyAttempts(retryAfterSeconds: .rounded(up: wait)) }
        self.place.add(failures: 1, at: time)
        account?.add(failures: 1, at: time)
    }

    /// The password was wrong, or the account does not exist.
    mutating func fail(at time: Date) { address?.add(failures: 1, at: time) }

    /// The password was not checked.
    mutating func forgive(at time: Date) {
        place.add(failures: -1, at: time)
        account?.add(failures: -1, at: time)
    }

    /// Success clears earlier failures at this place: they were typing errors. An account counts once per address, so that an attacker
    /// cannot earn more guesses with their own account.
    mutating func succeed(at time: Date) {
        let past = place.faded(to: time)
        account?.add(failures: -past.failures, at: time)
        // This attempt was not counted for the address.
        address?.add(failures: min(0, 1 - past.failures), successes: max(0, 1 - past.successes), at: time)
        place = Tally(successes: 1, at: past.at)
    }
}
