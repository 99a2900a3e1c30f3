#if canImport(FoundationEssentials)
internal import FoundationEssentials
internal import Glibc
#else
internal import Foundation
#endif

/// How log-ins went lately. Half of it is forgotten every half-life, so that old failures weigh little and none is kept for ever.
struct Tally: Sendable, Equatable {
    static let halfLifeSeconds: TimeInterval = 1_800
    /// What is older weighs less than a hundredth.
    static let memorySeconds: TimeInterval = 7 * halfLifeSeconds

    /// Attempts that failed or that nobody has looked at yet.
    private(set) var failures: Double
    /// Accounts that were logged in to, each once.
    private(set) var successes: Double
    /// When it was what it says.
    private(set) var at: Date

    init(failures: Double = 0, successes: Double = 0, at time: Date) {
        self.failures = failures
        self.successes = successes
        at = time
    }

    /// What is left of it at a later time. A clock that was set back adds nothing.
    func faded(to time: Date) -> Tally {
        let left = exp2(-max(0, time.timeIntervalSince(at)) / Self.halfLifeSeconds)
        return Tally(failures: failures * left, successes: successes * left, at: max(at, time))
    }

    mutating func add(failures: Double = 0, successes: Double = 0, at time: Date) {
        self = faded(to: time)
        self.failures = max(0, self.failures + failures)
        self.successes = max(0, self.successes + successes)
    }

    /// Until one more failure stays within what is allowed; 0 when it does now.
    /// - Parameters:
    ///   - limit: failures at once, at least 2.
    ///   - forSuccess: how many more each success allows.
    func waitSeconds(limit: Double, forSuccess: Double = 0) -> TimeInterval {
        let excess = failures - forSuccess * successes
        guard excess > limit - 1 else { return 0 }
        return Self.halfLifeSeconds * log2(excess / (limit - 1))
    }
}

/// How many failures are borne at once, before each further one has to wait until older ones have faded. At least 2 each.
struct AttemptLimits: Sendable, Equatable {
    /// For one account at one place: a person who has forgotten which password it was.
    var place: Double
    /// For one account at all places together, devices it knows aside.
    var account: Double
    /// For one address, whatever the accounts, beyond those that its successes allow.
    var address: Double

    /// A place where an account has not failed for two hours may try while those that have wait: a guesser with a hundred addresses
    /// keeps nobody out who comes from another one. This many times as many failures of the account are borne then.
    static let factorOfFreshPlace: Double = 2
    static let freshFailuresMax: Double = 1 / 16
    /// An address where people log in may fail more: this many times for each account that did.
    static let addressFailuresForSuccess: Double = 2
}

/// The tallies that one attempt to log in is measured by, and changes.
///
/// The tally of an account, and of an address, is the sum of those of its places, which successes take failures from.
struct Attempts: Sendable, Equatable {
    /// Of the account at the device the attempt comes from if the account knows it, else at the address.
    var place: Tally
    /// Of the account at all addresses, nil when it knows the device: what others guess holds it up nowhere.
    var account: Tally?
    /// Of the address, nil when the account knows the device.
    var address: Tally?

    /// The attempt counts as failed from here on, so that a thousand guesses at once are a thousand failures. Not for the address:
    /// a class logs in from one within seconds.
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

    /// The password was wrong, or there is no such account.
    mutating func fail(at time: Date) { address?.add(failures: 1, at: time) }

    /// Nobody looked at the password.
    mutating func forgive(at time: Date) {
        place.add(failures: -1, at: time)
        account?.add(failures: -1, at: time)
    }

    /// What failed before at this place was mistyped. An account counts once for its address, however often it logs in: nobody
    /// earns guesses at others with an account of their own.
    mutating func succeed(at time: Date) {
        let past = place.faded(to: time)
        account?.add(failures: -past.failures, at: time)
        // Of those this attempt was not counted for the address.
        address?.add(failures: min(0, 1 - past.failures), successes: max(0, 1 - past.successes), at: time)
        place = Tally(successes: 1, at: past.at)
    }
}
