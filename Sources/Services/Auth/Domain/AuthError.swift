/// Why a log-in or a refresh was refused.
enum AuthError: Error, Sendable, Equatable {
    /// Wrong password or no such account: nobody is told which.
    case wrongCredentials
    /// Too many failures lately, for the account or from the address. The same for accounts that do not exist.
    case tooManyAttempts(retryAfterSeconds: Int)
    /// Unknown, expired, used before, or of a session that has ended: nobody is told which.
    case invalidRefreshToken
    /// The answer of the user service makes no sense.
    case userServiceBroken
}
