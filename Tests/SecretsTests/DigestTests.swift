import Secrets
import Testing

@Suite struct DigestTests {
    func hex(_ bytes: [UInt8]) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    @Test func `SHA-256 gives the digests of FIPS 180-4`() {
        #expect(
            hex(SHA256.digest("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(hex(SHA256.digest("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(SHA256.digest([UInt8]("abc".utf8)) == SHA256.digest("abc"))
        #expect(
            hex(SHA256.digest([UInt8](repeating: 0x61, count: 1_000_000)))
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func `HMAC-SHA256 gives the codes of RFC 4231`() throws {
        let first = try #require(HMACKey([UInt8](repeating: 0x0b, count: 20)))
        #expect(
            hex(first.code(for: "Hi There")) == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        let third = try #require(HMACKey([UInt8](repeating: 0xaa, count: 20)))
        #expect(
            hex(third.code(for: [UInt8](repeating: 0xdd, count: 50)))
                == "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe")
        let sixth = try #require(HMACKey([UInt8](repeating: 0xaa, count: 131)))
        #expect(
            hex(sixth.code(for: "Test Using Larger Than Block-Size Key - Hash Key First"))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test func `an HMAC is valid only for its message and key`() throws {
        let key = try #require(HMACKey(secret: "a secret of enough length"))
        let other = try #require(HMACKey(secret: "another secret, as long"))
        var code = key.code(for: "GET /users/me 17")
        #expect(key.isValid(code, for: "GET /users/me 17"))
        #expect(!key.isValid(code, for: "GET /users/me 18"))
        #expect(!other.isValid(code, for: "GET /users/me 17"))
        #expect(!key.isValid(Array(code.dropLast()), for: "GET /users/me 17"))
        #expect(!key.isValid([], for: "GET /users/me 17"))
        code[31] ^= 1
        #expect(!key.isValid(code, for: "GET /users/me 17"))
    }

    @Test func `keys derived for different purposes are different, and the same each time`() throws {
        let key = try #require(HMACKey(secret: "a secret of enough length"))
        #expect(key.derived(for: "identity").code(for: "a") == key.derived(for: "identity").code(for: "a"))
        #expect(key.derived(for: "identity").code(for: "a") != key.derived(for: "cursor").code(for: "a"))
        #expect(key.derived(for: "identity").code(for: "a") != key.code(for: "a"))
    }

    @Test func `a key that could be guessed is refused`() {
        #expect(HMACKey(secret: "fifteen letters") == nil)
        #expect(HMACKey([]) == nil)
    }

    @Test func `many threads share one key`() async throws {
        let key = try #require(HMACKey(secret: "a secret of enough length"))
        let expected = (0..<100).map { key.code(for: "message \($0)") }
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<200).allSatisfy { _ in expected == (0..<100).map { key.code(for: "message \($0)") } }
                }
            }
            for await isSame in group { #expect(isSame) }
        }
    }

    @Test func `secrets are equal only if all their bytes are equal`() {
        #expect(constantTimeEqual([], []))
        #expect(constantTimeEqual([1, 2, 3], [1, 2, 3]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
        #expect(!constantTimeEqual([], [0]))
    }
}

@Suite struct Base64URLTests {
    @Test func `encoded bytes of every length are decoded`() {
        for count in 0..<200 {
            let bytes = SecureRandom.bytes(count: count)
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
        #expect(Base64URL.encode([0xfb, 0xff, 0xfe]) == "-__-")
        #expect(Base64URL.encode(Array("fooba".utf8)) == "Zm9vYmE")
    }

    @Test(arguments: ["Zg==", "Zg=", "Z", "Zm9vY", "+/+/", "Zm 9", "Zm\n9v", "Zh", "Zm9vYmF", "é", "Zm9%"])
    func `another encoding of the same bytes is refused`(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }
}

@Suite struct SecureRandomTests {
    @Test func `tokens are long and never repeat`() {
        let tokens = Set((0..<10_000).map { _ in SecureRandom.token() })
        #expect(tokens.count == 10_000)
        #expect(tokens.allSatisfy { $0.utf8.count == 43 && Base64URL.decode($0)?.count == 32 })
    }

    @Test func `random bytes have the requested count and all values`() {
        #expect(SecureRandom.bytes(count: 0).isEmpty)
        #expect(Set(SecureRandom.bytes(count: 100_000)).count == 256)
        var random = SecureRandom()
        #expect(Set((0..<1_000).map { _ in random.next() }).count == 1_000)
    }
}
