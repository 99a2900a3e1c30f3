import Contracts
import Foundation
import Platform
import Synchronization
import Testing

@Suite struct IdentitySealTests {
    private let user = Identity.user(.make(at: Date(timeIntervalSince1970: 1)), role: .instructor, session: "ses.1 %2E")

    private func seal(_ secret: String = "a secret of enough bytes", now: Int64 = 1_000_000) throws -> IdentitySeal {
        try IdentitySeal(secret: IdentitySecret(secret)) { now }
    }

    @Test func `a sealed identity is verified for the same request`() throws {
        let seal = try seal()
        for identity in [user, .anonymous, .service(.auth)] {
            let header = seal.header(for: identity, method: "POST", target: "/a/b?c=d", body: [1, 2, 3])
            let sealed = try #require(seal.open(header, method: "POST", target: "/a/b?c=d"))
            #expect(sealed.identity == identity)
            #expect(sealed.isFor(body: [1, 2, 3]))
            for other in [[], [1, 2], [1, 2, 4], [1, 2, 3, 0]] as [[UInt8]] { #expect(!sealed.isFor(body: other)) }
        }
    }

    @Test func `a sealed header is refused for another request`() throws {
        let seal = try seal()
        let header = seal.header(for: user, method: "GET", target: "/users/me")
        #expect(seal.open(header, method: "DELETE", target: "/users/me")?.identity == nil)
        #expect(seal.open(header, method: "GET", target: "/users/me?x")?.identity == nil)
    }

    @Test func `a sealed header expires`() throws {
        let header = try seal(now: 0).header(for: user, method: "GET", target: "/")
        let last = IdentitySeal.lifetimeMs - 1
        #expect(try seal(now: last).open(header, method: "GET", target: "/")?.identity == user)
        #expect(try seal(now: last + 1).open(header, method: "GET", target: "/")?.identity == nil)
    }

    @Test func `a header of another secret is refused, and a short secret too`() throws {
        let header = try seal("another secret of length").header(for: user, method: "GET", target: "/")
        #expect(try seal().open(header, method: "GET", target: "/")?.identity == nil)
        #expect(throws: SettingsError.self) { try seal("short") }
    }

    @Test func `the shown fingerprint tells secrets apart and does not contain them`() throws {
        let shown = ["a secret of enough bytes", "another secret of length"].compactMap(IdentitySecret.harmless)
        #expect(Set(shown).count == 2 && shown.allSatisfy { $0.contains("fingerprint") && !$0.contains("secret") })
        #expect(IdentitySecret.harmless("short") == nil)
    }

    @Test func `a changed, truncated or forged header is refused`() throws {
        let seal = try seal()
        let header = Array(seal.header(for: user, method: "GET", target: "/").utf8)
        for index in header.indices {
            var changed = header
            changed[index] ^= 1
            // Base64 has spare bits in its last character: what decodes to the same code is the same header.
            guard index != header.indices.last else { continue }
            #expect(seal.open(String(decoding: changed, as: UTF8.self), method: "GET", target: "/")?.identity == nil)
            let cut = String(decoding: header[..<index], as: UTF8.self)
            #expect(seal.open(cut, method: "GET", target: "/")?.identity == nil)
        }
        for invented in ["", ".", "v1", "v1.....", String(repeating: ".", count: 9_000), "v1.9.u.x.y.z.AAAA"] {
            #expect(seal.open(invented, method: "GET", target: "/")?.identity == nil)
        }
    }
}
