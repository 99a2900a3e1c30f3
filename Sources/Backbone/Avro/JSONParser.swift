extension JSONTree {
    /// - Throws: ``AvroError/Reason/malformedJSON`` with the byte offset; also for an object with a duplicate name.
    public init(parsing text: [UInt8], bytesMax: Int = AvroLimits.schemaBytesMax) throws(AvroError) {
        guard text.count <= bytesMax else { throw AvroError(.malformedJSON, "more than \(bytesMax) bytes") }
        var parser = JSONParser(text: text)
        self = try parser.document()
    }

    public init(parsing text: String, bytesMax: Int = AvroLimits.schemaBytesMax) throws(AvroError) {
        try self.init(parsing: Array(text.utf8), bytesMax: bytesMax)
    }
}

/// RFC 8259, strictly.
private struct JSONParser {
    let text: [UInt8]
    var position = 0
    var depth = 0

    func error(_ detail: String) -> AvroError {
        AvroError(.malformedJSON, detail, at: position)
    }

    mutating func document() throws(AvroError) -> JSONTree {
        let value = try value()
        skipSpace()
        guard position == text.count else { throw error("text after the value") }
        return value
    }

    mutating func skipSpace() {
        while position < text.count, [0x20, 0x0a, 0x0d, 0x09].contains(text[position]) { position += 1 }
    }

    var next: UInt8? { position < text.count ? text[position] : nil }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func value() throws(AvroError) -> JSONTree {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try nested { (parser) throws(AvroError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { (parser) throws(AvroError) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case nil: throw error("the text ends where a value should begin")
        case .some(UInt8(ascii: "0")...UInt8(ascii: "9")), UInt8(ascii: "-"): return .number(try number())
        default: throw error("expected a value")
        }
    }

    mutating func nested(
        _ read: (inout JSONParser) throws(AvroError) -> JSONTree
    ) throws(AvroError) -> JSONTree {
        depth += 1
        guard depth <= AvroLimits.nestingMax * 2 else { throw error("nested too deep") }
        let value = try read(&self)
        depth -= 1
        return value
    }

    mutating func word(_ word: String, _ value: JSONTree) throws(AvroError) -> JSONTree {
        guard text[position...].starts(with: word.utf8) else { throw error("not a value") }
        position += word.utf8.count
        return value
    }

    mutating func array() throws(AvroError) -> JSONTree {
        position += 1
        var items: [JSONTree] = []
        skipSpace()
        if take("]") { return .array([]) }
        while true {
            items.append(try value())
            skipSpace()
            if take("]") { return .array(items) }
            guard take(",") else { throw error("expected , or ]") }
        }
    }

    mutating func object() throws(AvroError) -> JSONTree {
        position += 1
        var members: [JSONTree.Member] = []
        var names: Set<String> = []
        skipSpace()
        if take("}") { return .object([]) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw error("expected a member's name") }
            let name = try string()
            guard names.insert(name).inserted else { throw error("the name \(name) appears twice") }
            skipSpace()
            guard take(":") else { throw error("expected :") }
            members.append(.init(name, try value()))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw error("expected , or }") }
        }
    }

    mutating func number() throws(AvroError) -> String {
        let start = position
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    mutating func digits() throws(AvroError) {
        let start = position
        while let digit = next, (48...57).contains(digit) { position += 1 }
        if position == start { throw error("expected a digit") }
    }

    mutating func string() throws(AvroError) -> String {
        let start = position
        position += 1
        var utf8: [UInt8] = []
        while let character = next {
            position += 1
            switch character {
            case UInt8(ascii: "\""):
                guard let string = String(validating: utf8, as: UTF8.self) else {
                    throw AvroError(.malformedJSON, "not UTF-8", at: start)
                }
                return string
            case UInt8(ascii: "\\"): try escape(into: &utf8)
            case 0..<0x20: throw error("a control character in a string")
            default: utf8.append(character)
            }
        }
        throw AvroError(.malformedJSON, "a string without an end", at: start)
    }

    mutating func escape(into utf8: inout [UInt8]) throws(AvroError) {
        guard let character = next else { throw error("the text ends in an escape") }
        position += 1
        switch character {
        case UInt8(ascii: "n"): utf8.append(0x0a)
        case UInt8(ascii: "t"): utf8.append(0x09)
        case UInt8(ascii: "r"): utf8.append(0x0d)
        case UInt8(ascii: "b"): utf8.append(0x08)
        case UInt8(ascii: "f"): utf8.append(0x0c)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): utf8.append(character)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xd800..<0xdc00).contains(code), take("\\"), take("u") {
                let low = try hexadecimal()
                guard (0xdc00..<0xe000).contains(low) else { throw error("half a surrogate pair") }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("half a surrogate pair") }
            utf8.append(contentsOf: Character(scalar).utf8)
        default: throw error("an unknown escape")
        }
    }

    mutating func hexadecimal() throws(AvroError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let character = next, let digit = Character(Unicode.Scalar(character)).hexDigitValue else {
                throw error("expected four hexadecimal digits")
            }
            position += 1
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
