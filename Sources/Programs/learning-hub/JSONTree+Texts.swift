internal import Avro

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension JSONTree {
    /// An object of texts.
    static func texts(_ members: KeyValuePairs<String, String>) -> JSONTree {
        .object(members.map { Member($0.key, .string($0.value)) })
    }

    /// Null without a text.
    static func text(_ text: String?) -> JSONTree { text.map(JSONTree.string) ?? .null }

    static func number(_ number: some BinaryInteger) -> JSONTree { .number(String(number)) }

    static func number(_ number: Double) -> JSONTree { .number(number.isFinite ? "\(number)" : "0") }

    static func number(_ number: Double?) -> JSONTree { number.map { JSONTree.number($0) } ?? .null }

    static func time(_ time: Date?) -> JSONTree { .text(time?.iso8601Milliseconds) }
}
