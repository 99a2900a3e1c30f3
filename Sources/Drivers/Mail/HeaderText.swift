/// Free text in headers: plain ASCII where possible, otherwise encoded words (RFC 2047).
enum HeaderText {
    /// RFC 2047, section 2, allows 75 characters per encoded word and 76 per line; this limit lets the first word fit beside the header's
    /// name.
    private static let encodedWordBytesMax = 64
    private static let lineBytesMax = 78

    /// The words of unstructured text, to be joined by single spaces.
    static func words(of text: String) -> [String] {
        let clean = withoutControls(text)
        let words = clean.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let isPlain = words.allSatisfy { $0.utf8.count <= 60 && $0.utf8.allSatisfy(ASCII.isPrintable) && !$0.isEmpty }
        return isPlain && !clean.contains("=?") ? words : encodedWords(clean)
    }

    /// The words of a display name; none for an empty name.
    static func phrase(of name: String) -> [String] {
        let clean = withoutControls(name)
        if clean.allSatisfy({ $0 == " " }) { return [] }
        guard clean.utf8.count <= 60, clean.utf8.allSatisfy(ASCII.isPrintable), !clean.contains("=?") else {
            return encodedWords(clean)
        }
        let isPlain = clean.split(separator: " ", omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(ASCII.isAtomText) }
        if isPlain { return clean.split(separator: " ").map(String.init) }
        var quoted = "\""
        for character in clean {
            if character == "\"" || character == "\\" { quoted.append("\\") }
            quoted.append(character)
        }
        return quoted.utf8.count < 68 ? [quoted + "\""] : encodedWords(clean)
    }

    /// Appends a header line with its line break, folded between words.
    static func appendFolded(words: [String], after name: String, to bytes: inout [UInt8]) {
        bytes += name.utf8
        var column = name.utf8.count
        for (index, word) in words.enumerated() {
            if index > 0 && column + 1 + word.utf8.count > lineBytesMax {
                bytes += [13, 10]
                column = 0
            }
            bytes.append(UInt8(ascii: " "))
            bytes += word.utf8
            column += 1 + word.utf8.count
        }
        bytes += [13, 10]
    }

    /// A line break in a name or subject becomes a space, so that it cannot inject a header.
    private static func withoutControls(_ text: String) -> String {
        var clean = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control
            let endsLine = scalar == "\u{2028}" || scalar == "\u{2029}"
            clean.append(isControl || endsLine ? " " : scalar)
        }
        return String(clean)
    }

    /// Base64 encoded words, each with whole characters. Decoders drop the space between encoded words, so spaces are encoded.
    private static func encodedWords(_ text: String) -> [String] {
        let start = "=?utf-8?B?", end = "?="
        let payloadBytesMax = (encodedWordBytesMax - start.utf8.count - end.utf8.count) / 4 * 3
        var words: [String] = []
        var payload: [UInt8] = []
        func flush() {
            if payload.isEmpty { return }
            words.append(start + Base64Lines.text(payload) + end)
            payload.removeAll(keepingCapacity: true)
        }
        for scalar in text.unicodeScalars {
            if payload.count + UTF8.width(scalar) > payloadBytesMax { flush() }
            payload += Array(String(scalar).utf8)
        }
        flush()
        return words
    }
}
