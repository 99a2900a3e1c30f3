/// Why a log-in or a refresh was refused.
enum AuthError: Error, Sendable, Equatable {
    /// Wrong password or no such account: nobody is told which.
    case wrongCredentials
    /// Too many failures lately, of the account, at the place or from the address. The same for accounts that do not exist.
    case tooManyAttempts(retryAfterSeconds: Int)
    /// One session was refreshed too often within a minute.
    case tooManyRefreshes(retryAfterSeconds: Int)
    /// Unknown, expired, used before, or of a session that has ended: nobody is told which.
    case invalidRefreshToken
}

extension Int {
    /// Whole seconds to wait, at least 1.
    static func rounded(up seconds: Double) -> Int { Swift.max(1, Int(exactly: seconds.rounded(.up)) ?? 1) }
}
