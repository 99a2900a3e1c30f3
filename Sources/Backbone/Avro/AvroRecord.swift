/// A Swift type whose Avro codec was generated: it writes and reads its fields one after the other, without reflection.
public protocol AvroRecord: Sendable {
    /// Appends the fields in the order of the schema.
    func encode(into encoder: inout AvroEncoder)
    /// Reads what ``encode(into:)`` wrote.
    /// - Throws: ``AvroError`` on any bytes that are not such a record.
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

    /// Reads one record that takes up all the bytes.
    @inlinable
    public init(avro bytes: [UInt8]) throws(AvroError) {
        self = try bytes.decodingAvro { (decoder) throws(AvroError) in try Self(from: &decoder) }
    }
}
