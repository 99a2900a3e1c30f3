/// A Swift type with a generated Avro codec, which encodes its fields in order without reflection.
public protocol AvroRecord: Sendable {
    /// Appends the fields in the order of the schema.
    func encode(into encoder: inout AvroEncoder)
    /// Decodes what ``encode(into:)`` wrote.
    /// - Throws: ``AvroError`` when the bytes are not such a record.
    init(from decoder: inout AvroDecoder) throws(AvroError)
}

extension AvroRecord {
    /// The record's Avro body.
    @inlinable
    public func encoded() -> [UInt8] {
        var encoder = AvroEncoder()
        encode(into: &encoder)
        return encoder.bytes
    }

    /// Decodes one record from all the bytes.
    @inlinable
    public init(avro bytes: [UInt8]) throws(AvroError) {
        self = try bytes.decodingAvro { (decoder) throws(AvroError) in try Self(from: &decoder) }
    }
}
