/// Converts data of a writer's schema to a reader's schema: compiled once per pair of schemas, then run for every message.
///
/// A plan converts the writer's bytes to the bytes that the reader's schema would have produced, so that a generated codec only reads its
/// own schema. Identical parts are copied in one step; only what has to be converted is decoded.
public final class ResolutionPlan: Sendable {
    /// Whether both schemas have the same encoding and meaning, so that no conversion is needed.
    public let isIdentity: Bool
    let code: ResolutionCode

    /// - Throws: ``AvroError/Reason/incompatibleSchemas`` with the field and the rule. Symbols and union branches that the reader lacks
    ///   cause an error only in messages that contain them.
    public init(writer: Schema, reader: Schema) throws(AvroError) {
        if let problem = SchemaMatch.problems(writer: writer, reader: reader).first(where: { !$0.isConditional }) {
            throw AvroError(.incompatibleSchemas, problem.description)
        }
        var compiler = ResolutionCompiler(writer: writer, reader: reader)
        isIdentity = compiler.isSame(writer.type, reader.type)
        try compiler.compile()
        code = compiler.code
    }

    /// The body as the reader's schema would have encoded it.
    public func resolve(_ bytes: [UInt8], from start: Int = 0) throws(AvroError) -> [UInt8] {
        try resolved(bytes, from: start).bytes
    }

    @usableFromInline
    func resolved(_ bytes: [UInt8], from start: Int) throws(AvroError) -> AvroEncoder {
        var encoder = AvroEncoder(bytesExpected: bytes.count + 64)
        try bytes.decodingAvro(from: start) { (decoder) throws(AvroError) in
            try code.run(code.start, &decoder, into: &encoder)
        }
        return encoder
    }
}

extension [UInt8] {
    /// Decodes one value from all bytes from `start` on, written with the plan's writer schema; nil for our own schema.
    @inlinable
    public func decodingAvro<Value>(
        from start: Int = 0, by plan: ResolutionPlan?, _ read: (inout AvroDecoder) throws(AvroError) -> Value
    ) throws(AvroError) -> Value {
        guard let plan, !plan.isIdentity else { return try decodingAvro(from: start, read) }
        return try plan.resolved(self, from: start).decodingAvro(read)
    }
}

extension AvroRecord {
    /// Decodes one record from all bytes from `start` on, written with the plan's writer schema; nil for our own schema.
    @inlinable
    public init(avro bytes: [UInt8], from start: Int = 0, by plan: ResolutionPlan?) throws(AvroError) {
        self = try bytes.decodingAvro(from: start, by: plan) { (decoder) throws(AvroError) in try Self(from: &decoder) }
    }
}
