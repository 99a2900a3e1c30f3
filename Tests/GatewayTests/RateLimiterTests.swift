@testable import Gateway
import HTTP
import Testing

@Suite struct RateLimiterTests {
    private let start = ContinuousClock.now

    private func ms(_ count: Int) -> ContinuousClock.Instant { start + .milliseconds(count) }

    /// Registers until it is refused.
    private func exhaust(_ limiter: RateLimiter, _ caller: String) {
        let isRefused = (0..<1_000).contains { _ in !limiter.admit(caller, .registration, at: ms(0)).isAdmitted }
        #expect(isRefused)
    }

    @Test func `a burst is admitted, and later requests wait for the rate`() {
        let limit = TokenBucket.Limit.per(second: 2, burst: 3)
        var bucket = TokenBucket(limit, at: ms(0))
        let burst = (0..<5).map { _ in bucket.take(limit, at: ms(0)) }
        #expect(burst == [nil, nil, nil, 1, 1])
        #expect(bucket.take(limit, at: ms(500)) == nil)
        #expect(bucket.take(limit, at: ms(500)) == 1)
    }

    @Test func `a bucket never exceeds its burst, also for requests with an earlier time`() {
        let limit = TokenBucket.Limit.per(second: 1, burst: 2)
        var bucket = TokenBucket(limit, at: ms(0))
        #expect((0..<3).map { _ in bucket.take(limit, at: ms(1_000_000)) } == [nil, nil, 1])
        #expect(bucket.take(limit, at: ms(0)) == 1)
    }

    @Test func `callers and kinds of requests have separate rate limits`() {
        let limiter = RateLimiter()
        exhaust(limiter, "10.0.0.1")
        #expect(limiter.admit("10.0.0.2", .registration, at: ms(0)).isAdmitted)
        #expect(limiter.admit("10.0.0.1", .login, at: ms(0)).isAdmitted)
        #expect(limiter.admit("10.0.0.1", .registration, at: ms(3_000)).isAdmitted)
    }

    @Test(arguments: [
        (RateLimiter.Kind.registration, 120, 2), (.login, 600, 10), (.address, 2_500, 250), (.person, 200, 50),
        (.probe, 100, 10),
    ])
    func `each kind of request has its burst and its rate`(
        kind: RateLimiter.Kind, burst: Int, perSecond: Int
    ) {
        let limiter = RateLimiter()
        for (time, count) in [(0, burst), (1_000, perSecond)] {
            for _ in 0..<count { #expect(limiter.admit("10.0.0.1", kind, at: ms(time)).isAdmitted) }
            #expect(limiter.admit("10.0.0.1", kind, at: ms(time)).retryAfterSeconds == 1)
        }
    }

    @Test(arguments: [100, 4_000])
    func `many callers do not evict one that is being limited`(bucketCountMax: Int) {
        let limiter = RateLimiter(bucketCountMax: bucketCountMax)
        exhaust(limiter, "guilty")
        let count = bucketCountMax * 10
        for index in 0..<count {
            _ = limiter.admit("other \(index)", .address, at: ms(index * 1_000 / count))
        }
        // Two per second become available again.
        _ = limiter.admit("guilty", .registration, at: ms(1_000))
        _ = limiter.admit("guilty", .registration, at: ms(1_000))
        #expect(!limiter.admit("guilty", .registration, at: ms(1_000)).isAdmitted)
    }

    @Test func `five hundred log-ins at once from one address are admitted`() {
        let limiter = RateLimiter()
        let requests: [(HTTPMethod, Substring)] = [
            (.post, "/auth/login"), (.post, "/auth/refresh"), (.get, "/users/me"), (.get, "/notifications"),
            (.get, "/gamification/me"), (.get, "/users/me"),
        ]
        for _ in 0..<500 {
            for (method, path) in requests {
                #expect(limiter.admit("10.0.0.1", PublicPaths.kind(of: method, path), at: ms(0)).isAdmitted)
            }
        }
    }

    @Test func `the remaining requests grow again, and the response has the time until all are available`() {
        let limiter = RateLimiter()
        let first = limiter.admit("ada", .person, at: ms(0))
        #expect((first.leftCount, first.fullSeconds) == (199, 1))
        for _ in 0..<150 { _ = limiter.admit("ada", .person, at: ms(0)) }
        let later = limiter.admit("ada", .person, at: ms(1_000))
        #expect((later.leftCount, later.fullSeconds, later.retryAfterSeconds) == (98, 3, nil))
    }

    @Test func `a response lists the limits that counted its request, in order`() {
        let limiter = RateLimiter()
        var fields = HTTPFields()
        limiter.admit("ada", .person, at: ms(0)).add(to: &fields)
        limiter.admit("10.0.0.1", .address, at: ms(0)).add(to: &fields)
        #expect(fields["ratelimit-policy"] == #""address";q=2500;w=10, "person";q=200;w=4"#)
        #expect(fields["ratelimit"] == #""address";r=2499;t=1, "person";r=199;t=1"#)
    }
}
