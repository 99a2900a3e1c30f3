import Avro
import Foundation
import Testing

/// The parser of request bodies, compared with Foundation's.
struct JSONFuzz {
    private static let mutator = Mutator(
        corpus: [
            #"{"email":"ada@example.org","password":"correct horse battery","firstName":"Ada","lastName":"Lovelace"}"#,
            #"{"a":[1,-0,0.5,1e9,-1.25E-7,1234567890123456789],"b":{"c":[true,false,null,{}]},"d":""}"#,
            #"["\u00e9\ud83c\udf93\\\"\/\b\f\n\r\t","é🎓",[[[[[]]]]]]"#, #" [ 1 , 2 ]"# + "\r\n\t", "\"a\"", "0", "null",
        ],
        tokens: [
            "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "\\ud83c", "\\udf93", "\\u0000", "true", "null", "-", "1e",
            "0.", "01",
            "\u{feff}", "\u{0}", "\u{1f}", "\u{7f}", "\u{2028}", "/", "//", "'", "NaN", "Infinity", "e\u{301}",
            "\u{e9}",
        ])

    @Test func `our JSON parser accepts the same texts as Foundation's, with the same values`() async throws {
        try await Fuzz.run("JSON", rounds: 10_000) { chance in
            let bytes = Self.mutator.input(&chance)
            let data = Data(bytes)
            // Foundation drops a byte order mark.
            let hasMark = data.range(of: Data([0xef, 0xbb, 0xbf])) != nil
            let ours = Result { try JSONTree(parsing: bytes) }
            let theirs = Result { try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed) }
            switch (ours, theirs) {
            case (.success(let tree), .success(let object)):
                try require(hasMark || tree.isSame(as: object), "another value", bytes)
                try require(
                    (try? JSONTree(parsing: tree.compactText())) == tree, "its own text is another value", bytes)
            case (.success(let tree), .failure):
                // Foundation supports only numbers in the range of a double, and less nesting.
                try require(tree.hasHugeNumber, "only ours takes it", bytes)
            case (.failure(let error as AvroError), .success):
                // Ours has limits and refuses duplicate names; Foundation accepts other encodings and a trailing comma.
                let isLimit = ["twice", "deep", "more than"].contains { error.detail.contains($0) }
                let isOther =
                    hasMark || bytes.contains(0) || bytes.first == 0xff || bytes.first == 0xfe
                    || Self.hasLastComma(bytes)
                try require(isLimit || isOther, "only Foundation's takes it: \(error)", bytes)
            case (.failure, _): return
            }
        }
    }

    private static func hasLastComma(_ bytes: [UInt8]) -> Bool {
        let dense = bytes.filter { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
        return zip(dense, dense.dropFirst()).contains { $0 == UInt8(ascii: ",") && "]}".utf8.contains($1) }
    }

    private func require(_ isTrue: Bool, _ what: String, _ bytes: [UInt8]) throws {
        if !isTrue { throw Difference(what: what, text: String(decoding: bytes.prefix(2_000), as: UTF8.self)) }
    }

    private struct Difference: Error {
        let what: String
        let text: String
    }
}

extension JSONTree {
    fileprivate func isSame(as object: Any) -> Bool {
        switch self {
        case .null: return object is NSNull
        case .bool(let value): return object as? Bool == value
        case .number(let text):
            // Foundation's number may differ in the last digits.
            guard let ours = Double(text), let theirs = (object as? NSNumber)?.doubleValue else { return false }
            return abs(ours - theirs) <= abs(ours) * 1e-12
        case .string(let text): return (object as? String).map { Array($0.utf8) == Array(text.utf8) } ?? false
        case .array(let items):
            guard let others = object as? [Any], others.count == items.count else { return false }
            return zip(items, others).allSatisfy { $0.isSame(as: $1) }
        case .object(let members):
            guard let others = object as? [String: Any], others.count == members.count else { return false }
            return members.allSatisfy { member in others[member.name].map { member.value.isSame(as: $0) } ?? false }
        }
    }

    fileprivate var hasHugeNumber: Bool {
        switch self {
        case .number(let text): return Double(text).map { !$0.isFinite } ?? true
        case .array(let items): return items.contains { $0.hasHugeNumber }
        case .object(let members): return members.contains { $0.value.hasHugeNumber }
        default: return false
        }
    }
}
