/// Mutates valid input, slightly or heavily.
struct Mutator {
    /// Initial inputs, also used for splicing.
    let corpus: [[UInt8]]
    /// Tokens with a meaning to the parser: delimiters, keywords, lengths.
    let tokens: [[UInt8]]
    /// The maximum length of an input.
    let byteCountMax: Int

    init(corpus: [[UInt8]], tokens: [[UInt8]], byteCountMax: Int = 256 * 1024) {
        self.corpus = corpus
        self.tokens = tokens
        self.byteCountMax = byteCountMax
    }

    init(corpus: [String], tokens: [String], byteCountMax: Int = 256 * 1024) {
        self.init(
            corpus: corpus.map { Array($0.utf8) }, tokens: tokens.map { Array($0.utf8) }, byteCountMax: byteCountMax)
    }

    /// An input of the corpus with up to eight mutations, sometimes none.
    func input(_ chance: inout Chance) -> [UInt8] {
        var bytes = chance.pick(corpus)
        for _ in 0..<chance.number(0...8) { change(&bytes, &chance) }
        return Array(bytes.prefix(byteCountMax))
    }

    private enum Change: CaseIterable {
        case flip, set, insertNoise, insertToken, remove, truncate, repeatSome, repeatMany, splice, replaceNumber, swap
    }

    private func change(_ bytes: inout [UInt8], _ chance: inout Chance) {
        let place = chance.number(0...bytes.count)
        let end = min(bytes.count, place + chance.number(0...32))
        switch chance.pick(Change.allCases) {
        case .flip where place < bytes.count: bytes[place] ^= 1 << UInt8(chance.number(0...7))
        case .set where place < bytes.count: bytes[place] = chance.bytes(1)[0]
        case .insertNoise, .flip, .set: bytes.insert(contentsOf: chance.bytes(chance.number(1...16)), at: place)
        case .insertToken: bytes.insert(contentsOf: chance.pick(tokens), at: place)
        case .remove: bytes.removeSubrange(place..<end)
        case .truncate: bytes.removeSubrange(place...)
        case .repeatSome: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case .repeatMany: repeatMany(place..<end, of: &bytes, &chance)
        case .splice:
            let other = chance.pick(corpus)
            bytes.replaceSubrange(place..., with: other[chance.number(0...other.count)...])
        case .replaceNumber: replaceNumber(from: place, of: &bytes, &chance)
        case .swap:
            let half = place + (end - place) / 2
            bytes.replaceSubrange(place..<end, with: bytes[half..<end] + bytes[place..<half])
        }
    }

    /// More than the parser's buffer.
    private func repeatMany(_ range: Range<Int>, of bytes: inout [UInt8], _ chance: inout Chance) {
        let piece = chance.happens(onceIn: 2) ? Array(bytes[range].prefix(1)) : Array(bytes[range])
        if piece.isEmpty { return }
        let count = chance.pick([16, 255, 4_096, 24_000, 33_000, 70_000]) / piece.count
        var many: [UInt8] = []
        for _ in 0..<count { many += piece }
        bytes.insert(contentsOf: many, at: range.lowerBound)
    }

    /// Replaces the next number, in most cases with a boundary value.
    private func replaceNumber(from place: Int, of bytes: inout [UInt8], _ chance: inout Chance) {
        let isDigit = { (byte: UInt8) in (48...57).contains(byte) }
        guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
        let edges = [
            "0", "00", "-0", "+1", "-1", "1", "1e9", "0x10", "255", "256", "65535", "65536", "2147483648", "4294967296",
            "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
            "99999999999999999999999", "1.5", "",
        ]
        bytes.replaceSubrange(start..<end, with: Array(chance.pick(edges).utf8))
    }
}
