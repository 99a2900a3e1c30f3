import Platform
import Testing

@Suite struct CircuitBreakerTests {
    private let start = ContinuousClock.now

    private func ms(_ count: Int) -> ContinuousClock.Instant { start + .milliseconds(count) }

    @Test func `a circuit opens after consecutive failures, allows a trial, and closes when it succeeds`() {
        let breaker = CircuitBreaker(failureCountMax: 3, pause: .seconds(1))
        for _ in 0..<2 { breaker.failed(at: ms(0)) }
        #expect(breaker.admit(at: ms(0)) == nil)
        breaker.failed(at: ms(0))
        #expect(breaker.admit(at: ms(1)) == 1)
        #expect(breaker.admit(at: ms(1_000)) == nil)
        #expect(breaker.admit(at: ms(1_001)) == 1)
        breaker.succeeded()
        #expect(breaker.admit(at: ms(1_002)) == nil)
    }

    @Test func `a circuit opens again after a failed trial, and retries after a trial without a result`() {
        let breaker = CircuitBreaker(failureCountMax: 1, pause: .seconds(1))
        breaker.failed(at: ms(0))
        #expect(breaker.admit(at: ms(1_000)) == nil)
        breaker.failed(at: ms(1_500))
        #expect(breaker.admit(at: ms(2_000)) != nil)
        #expect(breaker.admit(at: ms(2_500)) == nil)
        #expect(breaker.admit(at: ms(3_499)) != nil)
        #expect(breaker.admit(at: ms(3_500)) == nil)
    }
}
