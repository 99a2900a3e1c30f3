import Avro

/// One event contract: a file `contracts/<topic>.avsc`.
struct Contract: Sendable {
    let topic: String
    let text: String
    let schema: Schema
    /// The record of the field `data`.
    let data: RecordType

    /// - Throws: ``GenerationError`` when the file is not the schema of a message with our envelope.
    init(_ contract: ContractHistory.Contract) throws {
        topic = contract.topic
        text = contract.text
        schema = contract.schema
        guard let envelope = schema.record, envelope.name.withoutNamespace == SwiftNames.type(topic) else {
            throw GenerationError("\(topic).avsc: the record must be named \(SwiftNames.type(topic)), after the topic")
        }
        guard case .named(let name)? = envelope.field("data")?.type, case .record(let data)? = schema.definition(name)
        else { throw GenerationError("\(topic).avsc: the field data must be a record") }
        self.data = data
        try checkEnvelope(envelope)
    }

    /// The envelope's codec is written by hand (Sources/Backbone/Contracts/Envelope.swift), so its fields must be these.
    private func checkEnvelope(_ envelope: RecordType) throws {
        let time = SchemaType.logical(.timestampMillis, .long)
        let fields: [(String, SchemaType?)] = [
            ("eventId", .string), ("eventType", .string), ("timestamp", time), ("version", .string), ("data", nil),
            ("metadata", nil),
        ]
        let metadata: [(String, SchemaType?)] = [
            ("correlationId", .string), ("source", .string), ("traceId", .string),
            ("causationId", .union([.null, .string])),
        ]
        try check(envelope, has: fields)
        guard case .named(let name)? = envelope.field("metadata")?.type,
            case .record(let record)? = schema.definition(name)
        else { throw GenerationError("\(topic).avsc: the field metadata must be a record") }
        try check(record, has: metadata)
    }

    private func check(_ record: RecordType, has fields: [(String, SchemaType?)]) throws {
        let expected = fields.map(\.0)
        let isEqual =
            record.fields.map(\.name) == expected
            && zip(record.fields, fields).allSatisfy { field, wanted in wanted.1 == nil || wanted.1 == field.type }
        guard isEqual else {
            throw GenerationError(
                "\(topic).avsc: \(record.name) does not have the fields \(expected.joined(separator: ", ")) of Envelope.swift"
            )
        }
    }
}
