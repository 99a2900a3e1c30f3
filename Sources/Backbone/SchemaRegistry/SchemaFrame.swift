#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The frame before a message's Avro body that identifies its schema.
public enum SchemaFrame {
    /// Confluent: magic byte, then the id.
    private static let confluentMagic: UInt8 = 0
    private static let confluentCount = 5
    /// AWS Glue: header version, compression, then the schema version's UUID.
    private static let glueVersion: UInt8 = 3
    private static let glueUncompressed: UInt8 = 0
    private static let glueCount = 18

    /// The bytes to write before a body.
    public static func header(for id: SchemaID) -> [UInt8] {
        switch id {
        case .number(let number):
            let bits = UInt32(bitPattern: number)
            return [confluentMagic] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: bits >> $0) }
        case .uuid(let uuid):
            return [glueVersion, glueUncompressed] + withUnsafeBytes(of: uuid.uuid) { [UInt8]($0) }
        }
    }

    /// The schema's id, and the offset of the body.
    /// - Throws: ``EventCodecError/Kind/malformedFrame``.
    public static func parse(_ message: [UInt8]) throws(EventCodecError) -> (id: SchemaID, bodyStart: Int) {
        switch message.first {
        case confluentMagic where message.count >= confluentCount:
            let bits = message[1..<confluentCount].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            return (.number(Int32(bitPattern: bits)), confluentCount)
        case glueVersion where message.count >= glueCount:
            guard message[1] == glueUncompressed else {
                throw EventCodecError(.malformedFrame, "compression \(message[1]) is not supported")
            }
            let uuid = message.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 2, as: uuid_t.self) }
            return (.uuid(UUID(uuid: uuid)), glueCount)
        default:
            throw EventCodecError(.malformedFrame, "no schema id in front of \(message.count) bytes")
        }
    }
}
