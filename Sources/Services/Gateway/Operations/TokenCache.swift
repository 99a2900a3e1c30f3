#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
internal import Platform
internal import Synchronization

/// Caches verified access tokens by digest until they expire, to save signature checks.
///
/// Two generations limit it: a lookup moves a token to the young one, and when that is full the old one is dropped.
final class TokenCache: Sendable {
    private struct Generations {
        var young: [[UInt8]: AccessToken] = [:]
        var old: [[UInt8]: AccessToken] = [:]
    }
    private let generationCountMax: Int
    private let generations = Mutex(Generations())

    init(tokenCountMax: Int = 20_000) { generationCountMax = max(1, tokenCountMax / 2) }

    /// nil when the token is unknown or has expired.
    func find(_ digest: [UInt8], now: Date) -> AccessToken? {
        generations.withLock { generations in
            if let token = generations.young[digest] { return token.expiresAt > now ? token : nil }
            guard let token = generations.old[digest], token.expiresAt > now else { return nil }
            insert(token, digest, into: &generations)
            return token
        }
    }

    func insert(_ token: AccessToken, for digest: [UInt8]) {
        generations.withLock { insert(token, digest, into: &$0) }
    }

    private func insert(_ token: AccessToken, _ digest: [UInt8], into generations: inout Generations) {
        if generations.young.count >= generationCountMax {
            generations.old = generations.young
            generations.young = [:]
        }
        generations.young[digest] = token
    }
}
