/// The passwords attackers try first, as far as they are long enough to be chosen here.
///
/// Real lists are mostly made of few patterns, so the patterns are named instead of their millions of instances: a well-known
/// word with digits and signs around it, a run along the keyboard or the alphabet, and something short said again and again.
enum CommonPasswords {
    static func contain(_ password: String) -> Bool {
        let folded = password.lowercased()
        let letters = core(of: folded)
        return words.contains(letters) || isMadeOfWords(letters) || isRepetition(folded) || isRun(folded)
    }

    private static let words: Set<String> = [
        "abc", "admin", "administrator", "baseball", "changeme", "computer", "dragon", "everyone", "football",
        "freedom", "guest", "hello", "helloworld", "iloveyou", "internet", "letmein", "login", "loveyou", "master",
        "michael", "monkey", "mypassword", "mysecret", "nothing", "pass", "passphrase", "passw", "passwd",
        "password", "princess", "qwerty", "root", "secret", "shadow", "starwars", "student", "sunshine", "superman",
        "teacher", "test", "testing", "thepassword", "trustno", "unknown", "user", "welcome", "whatever", "youandme",
    ]

    /// `passwordpassword`, `welcomeadmin`: two or three of the words and nothing else.
    private static func isMadeOfWords(_ text: String, depth: Int = 3) -> Bool {
        if words.contains(text) { return true }
        guard depth > 1 else { return false }
        return words.contains { word in
            text.count > word.count && text.hasPrefix(word)
                && isMadeOfWords(String(text.dropFirst(word.count)), depth: depth - 1)
        }
    }

    /// `aaaaaaaaaaaa`, `abcabcabcabc`, `12341234123412`: a unit of up to four characters, three times or more.
    private static func isRepetition(_ text: String) -> Bool {
        let characters = Array(text)
        return (1...4).contains { unit in
            characters.count >= unit * 3
                && characters.indices.dropFirst(unit).allSatisfy {
                    characters[$0] == characters[$0 - unit]
                }
        }
    }

    /// The rows, forwards and backwards, as bytes: to compare characters costs more than all the rest of a registration's checks.
    private static let rows: [[UInt8]] = [
        "abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiop[]asdfghjkl;'zxcvbnm,./",
        "qwertyuiopasdfghjklzxcvbnm", "1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.",
        "qazwsxedcrfvtgbyhnujmikolp", "q1w2e3r4t5y6u7i8o9p0",
    ].flatMap { [Array($0.utf8), $0.utf8.reversed()] }

    /// `123456789012`, `zyxwvutsrqpo`, `1q2w3e4r5t6y`: a stretch of a row, forwards or backwards, digits before and after it aside.
    private static func isRun(_ text: String) -> Bool {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let whole = Array(text.utf8)
        let inner = whole.drop(while: digits.contains).reversed().drop(while: digits.contains).reversed()
        return [whole, Array(inner)].contains { part in part.count >= 4 && rows.contains { $0.contains(run: part) } }
    }

    /// The letters, without what stands before and after them, and with signs within read as the letters they stand in for.
    private static func core(of text: String) -> String {
        let isOther: (Character) -> Bool = { !$0.isLetter }
        let middle = text.drop(while: isOther).reversed().drop(while: isOther).reversed()
        return String(middle.map { masks[$0] ?? $0 })
    }

    private static let masks: [Character: Character] = [
        "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i",
    ]
}

extension [UInt8] {
    fileprivate func contains(run: [UInt8]) -> Bool {
        indices.contains { start in
            let end = start + run.count
            return end <= count && self[start..<end].elementsEqual(run)
        }
    }
}
