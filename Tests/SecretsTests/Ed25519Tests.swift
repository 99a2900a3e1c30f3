import Secrets
import Testing

@Suite struct Ed25519Tests {
    private func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(hex.dropFirst($0).prefix(2), radix: 16) }
    }

    @Test func `keys sign as in the examples of RFC 8032`() throws {
        let key = try #require(
            Ed25519Key(secret: bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")))
        #expect(key.publicKey == bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))
        let signature = key.sign([0x72])
        #expect(
            signature
                == bytes(
                    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
                ))
        #expect(Ed25519Key.isValid(signature, of: [0x72], by: key.publicKey))
    }

    @Test func `a key is named by its thumbprint, as in the example of RFC 8037`() throws {
        let key = try #require(
            Ed25519Key(secret: bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")))
        #expect(key.id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        #expect("\(key)" == "signing key kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    }

    @Test func `a signature is valid only for its message and key`() {
        let key = Ed25519Key.generate(), other = Ed25519Key.generate()
        let signature = key.sign([1, 2, 3])
        #expect(Ed25519Key.isValid(signature, of: [1, 2, 3], by: key.publicKey))
        #expect(!Ed25519Key.isValid(signature, of: [1, 2], by: key.publicKey))
        #expect(!Ed25519Key.isValid(signature, of: [1, 2, 3], by: other.publicKey))
        #expect(!Ed25519Key.isValid(signature.dropLast(), of: [1, 2, 3], by: key.publicKey))
        #expect(!Ed25519Key.isValid([], of: [], by: []))
        #expect(Ed25519Key(secret: [1, 2, 3]) == nil)
    }

    @Test func `a digest of pieces is that of the whole`() {
        let computation = SHA256Computation()
        for piece in [[1, 2], [], [3]] as [[UInt8]] { computation.update(piece) }
        #expect(computation.finish() == SHA256.digest([1, 2, 3]))
    }
}
