/// How a caller stands to one of their limits once a request has been counted.
struct RateLimitStanding: Sendable, Equatable {
    let kind: RateLimiter.Kind
    /// How many more requests may come at once.
    let leftCount: Int
    /// Until as many may come at once as ever.
    let fullSeconds: Int
    /// Nil when the request may go on, else after how many seconds to try again.
    let retryAfterSeconds: Int?

    var isAdmitted: Bool { retryAfterSeconds == nil }
}
