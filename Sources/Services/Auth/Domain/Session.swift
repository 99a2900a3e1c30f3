internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A log-in and all its refresh tokens (the token family).
struct Session: Sendable, Equatable {
    /// Longer user agents are truncated.
    static let userAgentLengthMax = 200
    /// The maximum refreshes of a session within ``refreshPeriodSeconds``: stops a client that refreshes in a loop, from any address.
    static let refreshCountMax = 30
    static let refreshPeriodSeconds: TimeInterval = 60

    let id: SessionID
    let userID: UserID
    /// The user agent, so that users can recognise their sessions.
    let userAgent: String?
    let createdAt: Date
    /// The time of the last log-in or refresh.
    var lastUsedAt: Date
    /// Extended by each refresh.
    var expiresAt: Date
    var end: SessionEnd?

    init(
        id: SessionID, userID: UserID, userAgent: String?, createdAt: Date, lastUsedAt: Date, expiresAt: Date,
        end: SessionEnd? = nil
    ) {
        self.id = id
        self.userID = userID
        self.userAgent = userAgent
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.expiresAt = expiresAt
        self.end = end
    }

    /// A log-in at `time`.
    init(of userID: UserID, userAgent: String?, at time: Date, lifetime: TimeInterval) {
        self.init(
            id: .make(at: time), userID: userID,
            userAgent: userAgent.map { String($0.prefix(Self.userAgentLengthMax)) }, createdAt: time, lastUsedAt: time,
            expiresAt: time + lifetime)
    }

    func isOpen(at time: Date) -> Bool { end == nil && time < expiresAt }

    /// - Parameter busySince: the time of the ``refreshCountMax``th last refresh.
    /// - Throws: ``AuthError/tooManyRefreshes(retryAfterSeconds:)``
    static func checkPace(busySince: Date?, at time: Date) throws(AuthError) {
        guard let busySince else { return }
        let wait = busySince.timeIntervalSince(time) + refreshPeriodSeconds
        if wait > 0 { throw .tooManyRefreshes(retryAfterSeconds: .rounded(up: wait)) }
    }

    /// The result of presenting a refresh token.
    mutating func refresh(_ use: TokenUse, at time: Date, lifetime: TimeInterval) -> RefreshOutcome {
        guard isOpen(at: time) else { return .refused }
        switch use {
        case .used(let usedAt, isNextUsed: false) where time <= usedAt + TokenUse.graceSeconds: return .repeated
        // Two parties have the same token, and the attacker cannot be identified: the session ends.
        case .used:
            end = .reuse
            return .reused
        case .unused: break
        }
        lastUsedAt = time
        expiresAt = time + lifetime
        return .refreshed
    }
}

/// `ses_…`, the `sid` of access tokens.
struct SessionID: HubID {
    static var prefix: StaticString { "ses" }
    let rawValue: String
    init(checked rawValue: String) { self.rawValue = rawValue }
}

/// Why a session ended early.
enum SessionEnd: String, Sendable {
    case logout
    /// A refresh token was reused: another party has it.
    case reuse
    /// The account was deleted.
    case erased
}

/// The state of a refresh token before it is presented.
enum TokenUse: Sendable, Equatable {
    /// How long a token may be reused: two tabs refresh at once, or the response was lost.
    static let graceSeconds: TimeInterval = 10

    case unused
    /// It was exchanged for the next token, which may have been used.
    case used(at: Date, isNextUsed: Bool)
}

enum RefreshOutcome: Sendable {
    case refreshed
    /// A repeated exchange within the grace period returns the same token again.
    case repeated
    case reused
    case refused
}
