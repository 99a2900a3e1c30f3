/// Why a log-in or a refresh was refused.
enum AuthError: Error, Sendable, Equatable {
    /// The password is wrong or the account does not exist; the response does not reveal which.
    case wrongCredentials
    /// Too many recent failures for the account, the place or the address. The same for accounts that do not exist.
    case tooManyAttempts(retryAfterSeconds: Int)
    /// The session was refreshed too often within a minute.
    case tooManyRefreshes(retryAfterSeconds: Int)
    /// The token is unknown, expired, already used, or its session has ended; the response does not reveal which.
    case invalidRefreshToken
}

extension Int {
    /// Whole seconds to wait, at least 1.
    static func rounded(up seconds: Double) -> Int { Swift.max(1, Int(exactly: seconds.rounded(.up)) ?? 1) }
}
