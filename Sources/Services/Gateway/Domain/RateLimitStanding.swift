/// The state of a caller's rate limit after a request was counted.
struct RateLimitStanding: Sendable, Equatable {
    let kind: RateLimiter.Kind
    /// Requests left in the burst.
    let leftCount: Int
    /// Until the whole burst is available.
    let fullSeconds: Int
    /// Nil if the request is admitted, else the seconds until a retry.
    let retryAfterSeconds: Int?

    var isAdmitted: Bool { retryAfterSeconds == nil }
}
