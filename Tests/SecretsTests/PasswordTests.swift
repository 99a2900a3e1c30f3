import Dispatch
import EventLoop
import Foundation
import HubTesting
@testable import Secrets
import Testing

@Suite struct PasswordTests {
    /// A cheap hash for tests.
    static let cheap = PasswordHash.Parameters(memoryKiB: 64, iterations: 1, lanes: 1)
    let hasher: PasswordHasher

    init() throws {
        hasher = try PasswordHasher(parameters: Self.cheap, threadCount: 2)
    }

    @Test func `the right password is verified and any other is refused`() async throws {
        let hash = try await hasher.hash("correct horse battery staple")
        #expect(try await hasher.verify("correct horse battery staple", against: hash))
        #expect(try await !hasher.verify("correct horse battery stapl", against: hash))
        #expect(try await !hasher.verify("", against: hash))
    }

    @Test func `the same password never has the same hash twice`() async throws {
        let first = try await hasher.hash("the same password")
        let second = try await hasher.hash("the same password")
        #expect(first.rawValue != second.rawValue)
    }

    @Test func `all bytes of a password count, also NUL and the bytes after it`() async throws {
        let hash = try await hasher.hash("пароль\u{0}学习")
        #expect(try await hasher.verify("пароль\u{0}学习", against: hash))
        #expect(try await !hasher.verify("пароль", against: hash))
        #expect(try await !hasher.verify("пароль\u{0}", against: hash))
    }

    @Test func `a hash of the reference implementation is verified`() async throws {
        let known = try #require(
            PasswordHash(
                rawValue: "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"))
        #expect(try await hasher.verify("password", against: known))
        #expect(try await !hasher.verify("Password", against: known))
        #expect(hasher.isOutdated(known))
    }

    @Test func `the default cost of a hash is that of OWASP`() async throws {
        let standard = try PasswordHasher()
        let hash = try await standard.hash("a good password")
        #expect(hash.rawValue.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(!standard.isOutdated(hash))
        #expect(hasher.isOutdated(hash))
        #expect(try await hasher.verify("a good password", against: hash))
    }

    @Test(arguments: [
        "", "password", "$argon2i$v=19$m=64,t=1,p=1$c29tc2FsdA$aGFzaGhhc2g",
        "$argon2id$v=16$m=64,t=1,p=1$c29tc2FsdA$aGFzaGhhc2g", "$argon2id$v=19$m=64,t=1$c29tc2FsdA$aGFzaGhhc2g",
        "$argon2id$v=19$m=4294967295,t=1,p=1$c29tc2FsdA$aGFzaGhhc2g",
        "$argon2id$v=19$m=64,t=4000000,p=1$c29tc2FsdA$aGFzaGhhc2g",
        "$argon2id$v=19$m=99999999999999999999,t=1,p=1$c29tc2FsdA$aGFzaGhhc2g",
        "$argon2id$v=19$m=64,t=1,p=1$$aGFzaGhhc2g", "$argon2id$v=19$m=64,t=1,p=1$c29tc2FsdA$",
        "$argon2id$v=19$m=64,t=1,p=1$c29tc2FsdA$aGFzaGhhc2g$more", "$2b$12$abcdefghijklmnopqrstuv",
    ])
    func `an invalid hash, or one with excessive cost, is refused`(text: String) {
        #expect(PasswordHash(rawValue: text) == nil)
    }

    @Test func `a hash that cannot be decoded is an error, not a wrong password`() async throws {
        let broken = try #require(PasswordHash(rawValue: "$argon2id$v=19$m=64,t=1,p=1$*$*"))
        await #expect(throws: PasswordError.malformedHash) { try await hasher.verify("a", against: broken) }
    }

    @Test func `a password that is too long is refused before hashing`() async throws {
        let long = String(repeating: "a", count: PasswordHasher.passwordBytesMax + 1)
        await #expect(throws: PasswordError.passwordTooLong) { try await hasher.hash(long) }
    }

    @Test func `a password that cannot be hashed in time is refused at once`() async throws {
        let hasher = try PasswordHasher(parameters: Self.cheap, threadCount: 1, waitMax: .zero)
        let held = DispatchSemaphore(value: 0), loop = TestLoops.shared.next()
        let (arrived, arrival) = AsyncStream<Void>.makeStream()
        let occupied = loop.start("the only thread") {
            try await hasher.pool.run {
                arrival.finish()
                held.wait()
            }
        }
        for await _ in arrived {}
        let first = loop.start("a password") { try await hasher.hash("a password") }
        try await eventually { hasher.room.counts.inFlight == 1 }
        let refusal = PasswordError.busy(retryAfterSeconds: 1)
        await #expect(throws: refusal) { try await hasher.hash("a password") }
        await #expect(throws: refusal) { try await hasher.verifyAgainstNothing("a password") }
        held.signal()
        try await occupied.value
        _ = try await first.value
    }

    @Test func `a loop runs while passwords are hashed`() async throws {
        // The shared loops fail the test when anything holds them.
        let standard = try PasswordHasher()
        let loop = TestLoops.shared.next()
        let hash = try await loop.run("hash") { try await standard.hash("a good password") }
        #expect(try await loop.run("verify") { try await standard.verify("a good password", against: hash) })
    }

    @Test func `threads that hash have a lower priority than event loops`() async throws {
        #expect(try await hasher.pool.run { niceness() } > niceness())
    }

    @Test func `a hash does not appear in any description`() async throws {
        let hash = try await hasher.hash("a password")
        var dumped = ""
        dump(hash, to: &dumped)
        for shown in ["\(hash)", String(describing: hash), String(reflecting: hash), dumped] {
            #expect(!shown.contains("argon2id"))
        }
    }

    @Test func `an account that does not exist takes as long as one that does`() async throws {
        let standard = try PasswordHasher(
            parameters: .init(memoryKiB: 8_192, iterations: 2, lanes: 1), threadCount: 1)
        let hash = try await standard.hash("a good password")
        // Processor time of the only thread, so that other load does not count.
        func nanosecondsOf(_ work: () async throws -> Void) async throws -> Double {
            let before = try await standard.pool.run { processorTime() }
            try await work()
            return Double(try await standard.pool.run { processorTime() } - before)
        }
        let known = try await nanosecondsOf { _ = try await standard.verify("wrong", against: hash) }
        let unknown = try await nanosecondsOf { try await standard.verifyAgainstNothing("wrong") }
        #expect((0.5...2).contains(known / unknown))
    }
}

/// Nanoseconds of processor time that the calling thread has used.
private func processorTime() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}
