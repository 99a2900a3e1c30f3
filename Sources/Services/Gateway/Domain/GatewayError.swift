/// Why the gateway itself refuses a request.
enum GatewayError: Error, Sendable, Equatable {
    /// The next hop could decode the path differently.
    case badPath
    /// The access token is invalid: forged, expired or malformed.
    case badToken
    case tooManyRequests(RateLimitStanding)
    /// The user has the maximum number of live streams.
    case tooManyStreams
    /// The service is unreachable, or its breaker is open.
    case upstreamAway(retryAfterSeconds: Int)
    case upstreamTimedOut
    /// The response failed.
    case upstreamFailed
}
