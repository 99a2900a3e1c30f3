/// The code on a certificate: twelve unambiguous characters in groups of four.
struct VerificationCode: Sendable, Hashable {
    /// Crockford's base 32: no I, L, O or U.
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    private static let characterCount = 12

    /// As printed: `7K4Q-9XMD-22FA`.
    let text: String

    /// 60 random bits: guessing is infeasible.
    init(random: inout some RandomNumberGenerator) {
        let characters = (0..<Self.characterCount).map { _ in Self.alphabet.randomElement(using: &random) ?? "0" }
        self.init(characters)
    }

    /// Parses user input: any case, with or without hyphens, O for 0, I or L for 1. nil when it is not a code.
    init?(typed text: String) {
        guard text.utf8.count <= 64 else { return nil }
        let characters = text.uppercased().compactMap { character -> Character? in
            switch character {
            case "-", " ": nil
            case "O": "0"
            case "I", "L": "1"
            default: character
            }
        }
        guard characters.count == Self.characterCount, characters.allSatisfy(Self.alphabet.contains) else { return nil }
        self.init(characters)
    }

    init(stored text: String) { self.text = text }

    private init(_ characters: [Character]) {
        text = stride(from: 0, to: characters.count, by: 4).map {
            String(characters[$0..<min($0 + 4, characters.count)])
        }
        .joined(separator: "-")
    }
}
