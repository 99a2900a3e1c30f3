/// Swift source taken apart just enough for rules: code on one side, string literals on the other, comments dropped.
struct SwiftText {
    struct Literal: Sendable {
        /// Counted from 1.
        let line: Int
        let text: String
    }

    /// The lines with comments and the contents of literals replaced by spaces; code inside `\( )` stays.
    let code: [String]
    let literals: [Literal]

    init(_ text: String) {
        var scanner = Scanner(bytes: Array(text.utf8))
        scanner.scanCode(untilParenthesis: false)
        code = String(decoding: scanner.masked, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        literals = scanner.literals
    }
}

private struct Scanner {
    let bytes: [UInt8]
    var masked: [UInt8] = []
    var literals: [SwiftText.Literal] = []
    var index = 0
    var line = 1

    init(bytes: [UInt8]) {
        self.bytes = bytes
        masked.reserveCapacity(bytes.count)
    }

    func peek(_ offset: Int = 0) -> UInt8? { index + offset < bytes.count ? bytes[index + offset] : nil }

    func isNext(_ text: StaticString) -> Bool {
        for offset in 0..<text.utf8CodeUnitCount where peek(offset) != text.utf8Start[offset] { return false }
        return true
    }

    /// Appends one byte, unchanged or blanked. Line ends always stay.
    mutating func take(blank: Bool) {
        let byte = bytes[index]
        if byte == UInt8(ascii: "\n") {
            line += 1
            masked.append(byte)
        } else if !blank {
            masked.append(byte)
        } else if byte & 0xC0 != 0x80 {
            masked.append(UInt8(ascii: " "))
        }
        index += 1
    }

    mutating func take(_ count: Int, blank: Bool) {
        for _ in 0..<count where index < bytes.count { take(blank: blank) }
    }

    mutating func scanCode(untilParenthesis: Bool) {
        var depth = 0
        while let byte = peek() {
            if isNext("//") {
                while let next = peek(), next != UInt8(ascii: "\n") { take(blank: true) }
            } else if isNext("/*") {
                skipBlockComment()
            } else if byte == UInt8(ascii: "\"") || (byte == UInt8(ascii: "#") && startsRawString) {
                scanString()
            } else {
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") {
                    if untilParenthesis && depth == 0 { return }
                    depth -= 1
                }
                take(blank: false)
            }
        }
    }

    var startsRawString: Bool {
        var offset = 0
        while peek(offset) == UInt8(ascii: "#") { offset += 1 }
        return peek(offset) == UInt8(ascii: "\"")
    }

    mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if isNext("/*") {
                depth += 1
                take(2, blank: true)
            } else if isNext("*/") {
                depth -= 1
                take(2, blank: true)
            } else {
                take(blank: true)
            }
        } while depth > 0 && index < bytes.count
    }

    mutating func scanString() {
        let start = line
        var hashCount = 0
        while peek() == UInt8(ascii: "#") {
            hashCount += 1
            take(blank: false)
        }
        let isLong = isNext("\"\"\"")
        let quoteCount = isLong ? 3 : 1
        take(quoteCount, blank: false)
        var text: [UInt8] = []
        while let byte = peek() {
            if byte == UInt8(ascii: "\""), closes(quoteCount, hashCount) {
                take(quoteCount + hashCount, blank: false)
                break
            }
            if byte == UInt8(ascii: "\n") && !isLong { break }
            if byte == UInt8(ascii: "\\"), hashesFollow(hashCount, at: 1) {
                let length = 2 + hashCount
                if peek(length - 1) == UInt8(ascii: "(") {
                    take(length, blank: false)
                    scanCode(untilParenthesis: true)
                    take(1, blank: false)
                } else {
                    for offset in 0..<length { if let escaped = peek(offset) { text.append(escaped) } }
                    take(length, blank: true)
                }
                continue
            }
            text.append(byte)
            take(blank: true)
        }
        literals.append(SwiftText.Literal(line: start, text: String(decoding: text, as: UTF8.self)))
    }

    func closes(_ quoteCount: Int, _ hashCount: Int) -> Bool {
        for offset in 0..<quoteCount where peek(offset) != UInt8(ascii: "\"") { return false }
        return hashesFollow(hashCount, at: quoteCount)
    }

    func hashesFollow(_ count: Int, at start: Int) -> Bool {
        for offset in 0..<count where peek(start + offset) != UInt8(ascii: "#") { return false }
        return true
    }
}
