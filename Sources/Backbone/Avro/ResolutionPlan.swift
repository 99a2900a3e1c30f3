/// How to read, as one schema, what another wrote: compiled once for a pair of schemas, then run for every message.
///
/// A plan turns the writer's bytes into those the reader's schema would have written, so that a generated codec needs one way of
/// reading only. What both schemas have alike is copied in runs; nothing is decoded that need not be.
public final class ResolutionPlan: Sendable {
    /// Whether both schemas have the same bytes and meaning, so that nothing need be done.
    public let isIdentity: Bool
    let code: ResolutionCode

    /// - Throws: ``AvroError/Reason/incompatibleSchemas``, naming the field and the rule. Symbols and union branches that the
    ///   reader lacks are refused only in a message that has them.
    public init(writer: Schema, reader: Schema) throws(AvroError) {
        if let problem = SchemaMatch.problems(writer: writer, reader: reader).first(where: { !$0.isConditional }) {
            throw AvroError(.incompatibleSchemas, problem.description)
        }
        var compiler = ResolutionCompiler(writer: writer, reader: reader)
        isIdentity = compiler.isSame(writer.type, reader.type)
        try compiler.compile()
        code = compiler.code
    }

    /// The body as the reader's schema would have written it.
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
    /// Decodes one value that takes up all the bytes from `start` on, written with the plan's writer schema; nil for our own.
    @inlinable
    public func decodingAvro<Value>(
        from start: Int = 0, by plan: ResolutionPlan?, _ read: (inout AvroDecoder) throws(AvroError) -> Value
    ) throws(AvroError) -> Value {
        guard let plan, !plan.isIdentity else { return try decodingAvro(from: start, read) }
        return try plan.resolved(self, from: start).decodingAvro(read)
    }
}

extension AvroRecord {
    /// Reads one record that takes up all the bytes from `start` on, written with the plan's writer schema; nil for our own.
    @inlinable
    public init(avro bytes: [UInt8], from start: Int = 0, by plan: ResolutionPlan?) throws(AvroError) {
        self = try bytes.decodingAvro(from: start, by: plan) { (decoder) throws(AvroError) in try Self(from: &decoder) }
    }
}
