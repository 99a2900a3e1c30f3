import Testing

/// Tests of the fuzzing tools.
struct MutatorTests {
    private static let mutator = Mutator(
        corpus: ["GET / HTTP/1.1\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"], tokens: ["\r\n", ":"],
        byteCountMax: 100_000)

    @Test func `the same seed makes the same inputs, another makes others`() {
        func inputs(_ seed: UInt64) -> [[UInt8]] {
            var chance = Chance(seed: seed)
            return (0..<100).map { _ in Self.mutator.input(&chance) }
        }
        let first = inputs(1)
        #expect(inputs(1) == first)
        #expect(inputs(2) != first)
        #expect(Set(first).count > 80)
        #expect(first.allSatisfy { $0.count <= 100_000 })
    }

    @Test func `joined pieces equal the original`() {
        var chance = Chance(seed: 1)
        for count in [0, 1, 2, 1_000] {
            let bytes = chance.bytes(count)
            for _ in 0..<100 {
                let pieces = chance.pieces(of: bytes, atMost: 5)
                #expect(Array(pieces.joined()) == bytes && pieces.count <= 5 && !pieces.contains([]))
            }
        }
    }
}
