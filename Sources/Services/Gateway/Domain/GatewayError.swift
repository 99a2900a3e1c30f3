/// Why the gateway itself refuses a request.
enum GatewayError: Error, Sendable, Equatable {
    /// The next hop could read the path in another way.
    case badPath
    /// The access token is not good: forged, expired, or no token at all.
    case badToken
    case tooManyRequests(RateLimitStanding)
    /// The person follows what happens in as many places as they may.
    case tooManyStreams
    /// The service cannot be reached, or is spared for a moment.
    case upstreamAway(retryAfterSeconds: Int)
    case upstreamTimedOut
    /// The service broke off.
    case upstreamFailed
}
