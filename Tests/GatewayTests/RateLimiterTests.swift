@testable import Gateway
import HTTP
import Testing

@Suite struct RateLimiterTests {
    private let start = ContinuousClock.now

    private func ms(_ count: Int) -> ContinuousClock.Instant { start + .milliseconds(count) }

    /// Registers until it is refused; one that never is would be asked for ever.
    private func exhaust(_ limiter: RateLimiter, _ caller: String) {
        let isRefused = (0..<1_000).contains { _ in !limiter.admit(caller, .registration, at: ms(0)).isAdmitted }
        #expect(isRefused)
    }

    @Test func `a burst passes, what follows waits for the rate`() {
        let limit = TokenBucket.Limit.per(second: 2, burst: 3)
        var bucket = TokenBucket(limit, at: ms(0))
        let burst = (0..<5).map { _ in bucket.take(limit, at: ms(0)) }
        #expect(burst == [nil, nil, nil, 1, 1])
        #expect(bucket.take(limit, at: ms(500)) == nil)
        #expect(bucket.take(limit, at: ms(500)) == 1)
    }

    @Test func `a bucket never holds more than its burst, and who read the clock earlier gets nothing for it`() {
        let limit = TokenBucket.Limit.per(second: 1, burst: 2)
        var bucket = TokenBucket(limit, at: ms(0))
        #expect((0..<3).map { _ in bucket.take(limit, at: ms(1_000_000)) } == [nil, nil, 1])
        #expect(bucket.take(limit, at: ms(0)) == 1)
    }

    @Test func `callers and kinds of request are limited apart`() {
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
    func `each kind of request has so many at once and so many a second`(
        kind: RateLimiter.Kind, burst: Int, perSecond: Int
    ) {
        let limiter = RateLimiter()
        for (time, count) in [(0, burst), (1_000, perSecond)] {
            for _ in 0..<count { #expect(limiter.admit("10.0.0.1", kind, at: ms(time)).isAdmitted) }
            #expect(limiter.admit("10.0.0.1", kind, at: ms(time)).retryAfterSeconds == 1)
        }
    }

    @Test(arguments: [100, 4_000])
    func `many callers do not push out one that is being limited`(bucketCountMax: Int) {
        let limiter = RateLimiter(bucketCountMax: bucketCountMax)
        exhaust(limiter, "guilty")
        let count = bucketCountMax * 10
        for index in 0..<count {
            _ = limiter.admit("other \(index)", .address, at: ms(index * 1_000 / count))
        }
        // Two a second come back.
        _ = limiter.admit("guilty", .registration, at: ms(1_000))
        _ = limiter.admit("guilty", .registration, at: ms(1_000))
        #expect(!limiter.admit("guilty", .registration, at: ms(1_000)).isAdmitted)
    }

    @Test func `a school of five hundred behind one address comes all at once`() {
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

    @Test func `what is left rises again with time, and when all of it is back is told`() {
        let limiter = RateLimiter()
        let first = limiter.admit("ada", .person, at: ms(0))
        #expect((first.leftCount, first.fullSeconds) == (199, 1))
        for _ in 0..<150 { _ = limiter.admit("ada", .person, at: ms(0)) }
        let later = limiter.admit("ada", .person, at: ms(1_000))
        #expect((later.leftCount, later.fullSeconds, later.retryAfterSeconds) == (98, 3, nil))
    }

    @Test func `the limits that counted a request are named in its answer, the first first`() {
        let limiter = RateLimiter()
        var fields = HTTPFields()
        limiter.admit("ada", .person, at: ms(0)).add(to: &fields)
        limiter.admit("10.0.0.1", .address, at: ms(0)).add(to: &fields)
        #expect(fields["ratelimit-policy"] == #""address";q=2500;w=10, "person";q=200;w=4"#)
        #expect(fields["ratelimit"] == #""address";r=2499;t=1, "person";r=199;t=1"#)
    }
}
