@_spi(_Unicode) internal import Swift

/// Estimates how hard a password is to guess for an attacker who tries common patterns: known words, years, keyboard sequences,
/// repetitions, and data of the person.
///
/// The estimate splits a password into the pieces with the lowest total value. A piece on an attacker's list has a low value, whatever
/// its length; other characters count by the size of their character class. So patterns need no list of their instances, and a passphrase
/// of unlisted words counts fully.
struct Guesswork {
    /// The required value: for example seven unlisted letters, or nine digits.
    static let pointsMin = 26

    private static let letterPoints = 4
    private static let digitPoints = 3
    private static let signPoints = 2
    /// A word of the list, which has about a thousand.
    private static let wordPoints = 7
    private static let ownWordPoints = 3
    /// A year or a keyboard sequence.
    private static let patternPoints = 2
    /// Only this many bytes of a password are examined: enough for any good password, and bounds the time.
    private static let bytesMax = 128
    private static let runCountMin = 4
    private static let repetitionBytesMax = 32

    static let isKnown = Complaint(
        "is too easy to guess: it mainly consists of common words, years, keyboard sequences or repetitions")
    static let isOwn = Complaint("is too easy to guess: it mainly consists of your name or e-mail address")

    private let ownWords: WordList

    /// - Parameter own: data of the person, which an attacker may know.
    init(own: [String] = []) { ownWords = WordList(own) }

    /// - Returns: nil when the password is strong enough, otherwise a message that follows the field's name.
    func complaint(about password: String) -> Complaint? {
        let text = Array(Self.folded(password).prefix(Self.bytesMax))
        if isTooLittle(text, ownWords: nil) { return Self.isKnown }
        return isTooLittle(text, ownWords: ownWords) ? Self.isOwn : nil
    }

    /// Attackers also try reversed words.
    private func isTooLittle(_ text: [UInt8], ownWords: WordList?) -> Bool {
        [text, text.reversed()].contains { Self.points($0, ownWords) < Self.pointsMin }
    }

    private static func points(_ text: [UInt8], _ ownWords: WordList?) -> Int {
        // The lowest value of the text up to each position.
        var least = [Int](repeating: .max, count: text.count + 1)
        least[0] = 0
        for start in text.indices {
            let before = least[start]
            func piece(endingAt end: Int, worth points: Int) { least[end] = min(least[end], before + points) }

            piece(endingAt: start + 1, worth: points(of: text[start]))
            WordList.common.forEachEnd(in: text, from: start) { piece(endingAt: $0, worth: wordPoints) }
            ownWords?.forEachEnd(in: text, from: start) { piece(endingAt: $0, worth: ownWordPoints) }
            if let end = endOfYear(in: text, from: start) { piece(endingAt: end, worth: patternPoints) }
            let run = KeyboardRow.longestRun(in: text, from: start)
            if run >= runCountMin {
                for count in runCountMin...run { piece(endingAt: start + count, worth: patternPoints) }
            }
            for count in 1...repetitionBytesMax where isRepeated(count, in: text, at: start) {
                piece(endingAt: start + count, worth: 0)
            }
        }
        return least[text.count]
    }

    private static func points(of byte: UInt8) -> Int {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digitPoints
        case UInt8(ascii: "a")...UInt8(ascii: "z"), 0xC0...: letterPoints
        // The continuation bytes of a UTF-8 character.
        case 0x80..<0xC0: 0
        default: signPoints
        }
    }

    /// From 1000 to 2099, including historical years.
    private static func endOfYear(in text: [UInt8], from start: Int) -> Int? {
        guard start + 4 <= text.count else { return nil }
        let digits = text[start..<start + 4].map { Int($0) - 0x30 }
        guard digits.allSatisfy((0...9).contains) else { return nil }
        return digits[0] == 1 || (digits[0] == 2 && digits[1] == 0) ? start + 4 : nil
    }

    /// Whether the next `count` bytes repeat the previous `count` bytes.
    private static func isRepeated(_ count: Int, in text: [UInt8], at start: Int) -> Bool {
        guard start >= count, start + count <= text.count else { return false }
        return (0..<count).allSatisfy { text[start + $0] == text[start - count + $0] }
    }

    /// In lower case, without accents and word separators.
    static func folded(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for scalar in text.lowercased()._nfd where scalar.properties.generalCategory != .nonspacingMark {
            switch scalar {
            case " ", "-", "_", ".", ",", "'", "\u{3000}": break
            case "ß": bytes += Array("ss".utf8)
            default: bytes += UTF8.encode(scalar).map(Array.init) ?? []
            }
        }
        return bytes
    }
}

/// Words found even with substituted characters: `p@$$w0rd`.
struct WordList: Sendable {
    static let common = WordList(CommonWords.all)
    /// Built on first use, which takes a moment.
    static func prepare() { _ = common }

    private static let bytesMin = 2

    /// Indexed by their first byte.
    private var words = [[[UInt8]]](repeating: [], count: 256)

    init(_ texts: [String]) {
        for text in texts {
            let word = Guesswork.folded(text)
            if let first = word.first, word.count >= Self.bytesMin { words[Int(first)].append(word) }
        }
    }

    /// Calls `body` with the end of each word that begins at `start`.
    func forEachEnd(in text: [UInt8], from start: Int, _ body: (Int) -> Void) {
        for first in Self.readings[Int(text[start])] {
            for word in words[Int(first)] where Self.isWord(word, in: text, at: start) { body(start + word.count) }
        }
    }

    private static func isWord(_ word: [UInt8], in text: [UInt8], at start: Int) -> Bool {
        guard start + word.count <= text.count else { return false }
        return word.indices.allSatisfy { index in
            let byte = text[start + index]
            return byte == word[index] || readings[Int(byte)].contains(word[index])
        }
    }

    /// The possible readings of each byte: itself, and the letters it may replace.
    private static let readings: [[UInt8]] = {
        let masks: [Character: String] = [
            "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
            "@": "a", "$": "s", "!": "il", "+": "t", "|": "il", "(": "c", "&": "e",
        ]
        var readings = (UInt8.min...UInt8.max).map { [$0] }
        for (sign, letters) in masks {
            if let byte = sign.asciiValue { readings[Int(byte)] += Array(letters.utf8) }
        }
        return readings
    }()
}

/// Adjacent keys, or letters and digits in alphabetical or numerical order.
struct KeyboardRow: Sendable {
    private static let all: [KeyboardRow] = [
        "abcdefghijklmnopqrstuvwxyz", "0123456789", "1234567890", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./",
        "qwertyuiopasdfghjklzxcvbnm", "azertyuiopqsdfghjklmwxcvbn", "qwertzuiopasdfghjklyxcvbnm", "!@#$%^&*()",
        "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol",
        "qazwsxedcrfvtgbyhnujmikolp", "1a2b3c4d5e6f7g8h9i", "a1b2c3d4e5f6g7h8i9", "147258369", "741852963", "159357",
    ].map(KeyboardRow.init)

    /// The position of each byte in the row; nil when absent.
    private var places = [Int?](repeating: nil, count: 256)

    private init(_ row: String) {
        for (place, byte) in row.utf8.enumerated() { places[Int(byte)] = place }
    }

    /// How many bytes from `start` on are adjacent in one direction.
    static func longestRun(in text: [UInt8], from start: Int) -> Int {
        all.map { row in max(row.run(in: text, from: start, by: 1), row.run(in: text, from: start, by: -1)) }.max() ?? 0
    }

    private func run(in text: [UInt8], from start: Int, by step: Int) -> Int {
        guard var place = places[Int(text[start])] else { return 0 }
        var end = start + 1
        while end < text.count, places[Int(text[end])] == place + step {
            place += step
            end += 1
        }
        return end - start
    }
}
