internal import HTTP

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The form fields of a request, `amount=4999&metadata[paymentId]=pay_1`.
struct Form: Sendable {
    private let fields: [String: String]

    init(_ body: [UInt8]) {
        let pairs = body.split(separator: UInt8(ascii: "&")).compactMap { part -> (String, String)? in
            let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, let name = PercentEncoding.decode(halves[0], plusIsSpace: true),
                let value = PercentEncoding.decode(halves[1], plusIsSpace: true)
            else { return nil }
            return (name, value)
        }
        fields = Dictionary(pairs) { _, last in last }
    }

    subscript(name: String) -> String? { fields[name] }

    var metadata: [String: String] {
        let prefix = "metadata["
        return fields.reduce(into: [:]) { metadata, field in
            guard field.key.hasPrefix(prefix), field.key.hasSuffix("]") else { return }
            metadata[String(field.key.dropFirst(prefix.count).dropLast())] = field.value
        }
    }
}

/// Stripe's JSON format: names in snake case.
enum StripeJSON {
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }
}
