import Contracts
import Foundation
@testable import Gateway
import Platform
import Testing

@Suite struct TokenCacheTests {
    private let start = Date(timeIntervalSince1970: 1_000_000)

    private func token(lastsSeconds seconds: Double) -> AccessToken {
        AccessToken(
            userID: .make(at: start), role: .student, session: "s", expiresAt: start.addingTimeInterval(seconds))
    }

    @Test func `a token is known until it expires`() {
        let cache = TokenCache(), token = token(lastsSeconds: 60)
        cache.insert(token, for: [1])
        #expect(cache.find([1], now: start) == token)
        #expect(cache.find([2], now: start) == nil)
        #expect(cache.find([1], now: start.addingTimeInterval(60)) == nil)
    }

    @Test func `the cache stays bounded and keeps recently used tokens`() {
        let cache = TokenCache(tokenCountMax: 20), hot = token(lastsSeconds: 60)
        cache.insert(hot, for: [0, 0])
        for index in 0..<200 {
            cache.insert(token(lastsSeconds: 60), for: [1, UInt8(index)])
            #expect(cache.find([0, 0], now: start) == hot)
        }
        let kept = (0..<200).count { cache.find([1, UInt8($0)], now: start) != nil }
        #expect(kept <= 20)
    }
}
