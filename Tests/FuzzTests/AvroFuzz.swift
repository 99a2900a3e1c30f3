import Avro
import Contracts
import Foundation
import HubTesting
import SchemaRegistry
import Testing

/// The decoders of log messages: any bytes and schemas give a value or a typed error, and a value that was read
/// is written as it was read.
struct AvroFuzz {
    private struct Sample: Sendable {
        let event: any Event.Type
        let bytes: [UInt8]
    }

    private struct Broken: Error {
        let what: String
        let bytes: [UInt8]
    }

    /// The golden bytes of every event.
    private static func samples() throws -> [Sample] {
        try EventCatalogue.all.map { Sample(event: $0, bytes: try GoldenBytes.latest(of: $0)) }
    }

    /// Lengths and numbers of many sizes, as Avro writes them.
    private static let tokens: [[UInt8]] = [
        [0], [1], [2], [3], [0x7f], [0x80, 1], [0xff], [0xfe, 0xff, 0xff, 0xff, 0x0f], [0xff, 0xff, 0xff, 0xff, 0x0f],
        [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80], [0, 0, 0xc0, 0x7f],
    ]

    /// NaN is not equal to itself, so values are compared as they are written.
    private static func check<E: Event>(_ event: E.Type, _ bytes: [UInt8]) throws {
        guard let envelope = try? Envelope<E>(avro: bytes) else { return }
        let written = envelope.encoded()
        guard let again = try? Envelope<E>(avro: written), again.encoded() == written else {
            throw Broken(what: "\(event) does not come back", bytes: bytes)
        }
        guard let value = try? AvroValue(decoding: bytes, schema: E.schema) else {
            throw Broken(what: "\(event): only the typed decoder takes it", bytes: bytes)
        }
        // An amount can have unnecessary bytes, which the typed encoder omits.
        guard let generic = try? value.encoded(as: E.schema), (try? Envelope<E>(avro: generic))?.encoded() == written
        else {
            throw Broken(what: "\(event): the decoders read different values", bytes: bytes)
        }
    }

    @Test func `an event is refused, or both decoders agree and the encoder restores it`() async throws {
        let samples = try Self.samples()
        let mutator = Mutator(corpus: samples.map(\.bytes), tokens: Self.tokens, byteCountMax: 128 * 1024)
        try await Fuzz.run("Avro events", rounds: 3_000) { chance in
            let bytes = mutator.input(&chance)
            let event = chance.pick(samples).event
            try Self.check(event, bytes)
            try Self.check(event, chance.bytes(chance.number(0...200)))
            // Mostly valid, because most heavily mutated inputs are refused at their first bytes.
            let sample = chance.pick(samples)
            var near = sample.bytes
            near[chance.number(0...near.count - 1)] = chance.bytes(1)[0]
            try Self.check(sample.event, near)
        }
    }

    private static let schemas: [String] =
        events() + [
            #"{"type":"record","name":"T","fields":[{"name":"v","type":"long"},{"name":"next","type":["null","T"],"default":null}]}"#,
            #"{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"array","items":{"type":"map","values":"bytes"}}},{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"],"default":"A"}},{"name":"f","type":{"type":"fixed","name":"F","size":4}}]}"#,
            #"["null","int","long","float","double","string","bytes",{"type":"array","items":"boolean"}]"#,
            #"{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}"#,
            #"{"type":"long","logicalType":"timestamp-millis"}"#,
        ]

    private static func events() -> [String] { EventCatalogue.all.map { event in event.schema.compactText } }

    @Test func `a schema is refused, or has the same meaning after a round trip`() async throws {
        try await Fuzz.run("Avro schemas", rounds: 1_000) { chance in
            guard let schema = try? Schema(parsing: String(decoding: Self.schema(&chance), as: UTF8.self)) else {
                return
            }
            guard try Schema(parsing: schema.compactText) == schema else {
                throw Broken(what: "another schema", bytes: Array(schema.text.utf8))
            }
        }
    }

    private static func schema(_ chance: inout Chance) -> [UInt8] {
        let tokens = [
            #""int""#, #""long""#, #""double""#, #""string""#, #""bytes""#, #""null","#, #"["null","string"]"#,
            #","default":null"#,
            #","default":0"#, #","aliases":["b"]"#, #"{"type":"array","items":"#, #"{"type":"map","values":"#, "{", "}",
            "[", "]", ",",
            #""T""#, #""E""#, #"{"name":"added","type":"int","default":7},"#,
            #"{"name":"added","type":["null","T"],"default":null},"#,
        ]
        return Mutator(corpus: schemas, tokens: tokens, byteCountMax: 64 * 1024).input(&chance)
    }

    @Test func `the result of a resolution plan is a message of the reader's schema`() async throws {
        let samples = try Self.samples()
        try await Fuzz.run("Avro plans", rounds: 300) { chance in
            let sample = chance.pick(samples)
            let writer =
                chance.happens(onceIn: 2)
                ? sample.event.schema : try? Schema(parsing: String(decoding: Self.schema(&chance), as: UTF8.self))
            guard let writer, let reader = Self.variant(of: writer, &chance),
                let plan = try? ResolutionPlan(writer: writer, reader: reader)
            else { return }
            let messages = Mutator(
                corpus: [sample.bytes, [], [0], [2, 2, 2, 2, 0, 0]], tokens: Self.tokens, byteCountMax: 16 * 1024)
            for _ in 0..<20 {
                let bytes = messages.input(&chance)
                guard let resolved = try? plan.resolve(bytes) else { continue }
                do throws(AvroError) {
                    _ = try AvroValue(decoding: resolved, schema: reader).encoded(as: reader)
                } catch {
                    // What a plan copies is looked into by whoever reads it.
                    let isOfContent = [
                        .malformedText, .malformedBoolean, .malformedNumber, .unknownSymbol, .invalidValue,
                    ].contains(error.reason)
                    if isOfContent { continue }
                    throw Broken(
                        what: "\(error): no message of the reader: \(writer.text) \(reader.text)", bytes: bytes)
                }
            }
        }
    }

    /// A schema with a change that may be compatible.
    private static func variant(of schema: Schema, _ chance: inout Chance) -> Schema? {
        let changes = [
            (#""int""#, #""long""#), (#""int""#, #""double""#), (#""long""#, #""double""#), (#""string""#, #""bytes""#),
            (#""bytes""#, #""string""#),
            (#""fields":["#, #""fields":[{"name":"added","type":"string","default":"x"},"#),
            (#""fields":["#, #""fields":[{"name":"added","type":{"type":"array","items":"int"},"default":[1,2]},"#),
            (#""type":"string""#, #""type":["null","string"]"#), (#"["null","#, #"["boolean","null","#),
            (#""name":"a""#, #""name":"b","aliases":["a"]"#),
        ]
        var text = schema.compactText
        for _ in 0..<chance.number(0...3) {
            let (old, new) = chance.pick(changes)
            let parts = text.components(separatedBy: old)
            if parts.count < 2 { continue }
            let at = chance.number(1...parts.count - 1)
            text = parts[..<at].joined(separator: old) + new + parts[at...].joined(separator: old)
        }
        return try? Schema(parsing: text)
    }

    @Test func `a framed message is read or refused, with and without the event type`() async throws {
        let registry = InMemorySchemaRegistry()
        let codec = EventCodec(registry: registry)
        try await codec.prepare(EventCatalogue.all)
        let samples = try Self.samples()
        var framed: [[UInt8]] = []
        for (index, sample) in samples.enumerated() { framed.append([0, 0, 0, 0, UInt8(index + 1)] + sample.bytes) }
        let mutator = Mutator(
            corpus: framed, tokens: Self.tokens + [[0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [1, 0, 0, 0, 1]])
        try await Fuzz.run("framed events", rounds: 2_000) { chance in
            let message = mutator.input(&chance)
            do throws(EventCodecError) { _ = try await codec.json(of: message) } catch {}
            do throws(EventCodecError) { _ = try await codec.decode(message, as: UserRegistered.self) } catch {}
        }
    }
}
