internal import Contracts

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// One log-in and everything refreshed from it: the family of its refresh tokens.
struct Session: Sendable, Equatable {
    /// Longer names of browsers are cut.
    static let userAgentLengthMax = 200
    /// Refreshes of one session within ``refreshPeriodSeconds``: a client that refreshes in a circle is stopped, whatever its address.
    static let refreshCountMax = 30
    static let refreshPeriodSeconds: TimeInterval = 60

    let id: SessionID
    let userID: UserID
    /// What the client calls itself, for people to recognise their sessions.
    let userAgent: String?
    let createdAt: Date
    /// The last log-in or refresh.
    var lastUsedAt: Date
    /// Each refresh moves it.
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

    /// - Parameter busySince: when it was refreshed for the ``refreshCountMax``th last time.
    /// - Throws: ``AuthError/tooManyRefreshes(retryAfterSeconds:)``
    static func checkPace(busySince: Date?, at time: Date) throws(AuthError) {
        guard let busySince else { return }
        let wait = busySince.timeIntervalSince(time) + refreshPeriodSeconds
        if wait > 0 { throw .tooManyRefreshes(retryAfterSeconds: .rounded(up: wait)) }
    }

    /// What presenting one of its refresh tokens leads to.
    mutating func refresh(_ use: TokenUse, at time: Date, lifetime: TimeInterval) -> RefreshOutcome {
        guard isOpen(at: time) else { return .refused }
        switch use {
        case .used(let usedAt, isNextUsed: false) where time <= usedAt + TokenUse.graceSeconds: return .repeated
        // Two hold the same token, and nobody can tell which of them is the thief: neither goes on.
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

/// Why a session ended before its time.
enum SessionEnd: String, Sendable {
    case logout
    /// A refresh token came twice: somebody else has it.
    case reuse
    /// The account is gone.
    case erased
}

/// What became of a refresh token before it is presented.
enum TokenUse: Sendable, Equatable {
    /// How long a token may come again: two tabs ask at once, or the answer was lost on the way.
    static let graceSeconds: TimeInterval = 10

    case unused
    /// It was exchanged for the next one, which was used as well or not.
    case used(at: Date, isNextUsed: Bool)
}

enum RefreshOutcome: Sendable {
    case refreshed
    /// The exchange is not new: it gives the same refresh token again.
    case repeated
    case reused
    case refused
}
