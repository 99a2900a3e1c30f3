internal import CPostgres

/// The parameters of a statement in PostgreSQL's binary format, in one buffer.
public struct PostgresParameters: Sendable {
    private(set) var bytes: [UInt8] = []
    private(set) var slots: [hub_pg_slot] = []
    private var isNull = false
    /// Why a value cannot be encoded: the statement is refused before it is sent.
    private(set) var refusal: String?

    init(capacity: Int) {
        if capacity > 0 {
            slots.reserveCapacity(capacity)
            bytes.reserveCapacity(16 * capacity)
        }
    }

    mutating func append<Value: PostgresEncodable>(_ value: Value) {
        let start = bytes.count
        isNull = false
        value.encode(into: &self)
        guard let offset = Int32(exactly: start), let length = Int32(exactly: bytes.count - start) else {
            return refuse("parameters of more than 2 GiB")
        }
        slots.append(hub_pg_slot(type: Value.postgresType.rawValue, offset: offset, length: isNull ? -1 : length))
    }

    mutating func append(contentsOf other: PostgresParameters) {
        guard let base = Int32(exactly: bytes.count), Int32(exactly: bytes.count + other.bytes.count) != nil else {
            return refuse("parameters of more than 2 GiB")
        }
        bytes.append(contentsOf: other.bytes)
        for slot in other.slots {
            slots.append(hub_pg_slot(type: slot.type, offset: base + slot.offset, length: slot.length))
        }
        refusal = refusal ?? other.refusal
    }

    func withBuffers<Result>(
        _ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<hub_pg_slot>) -> Result
    ) -> Result {
        bytes.withUnsafeBufferPointer { bytes in slots.withUnsafeBufferPointer { slots in body(bytes, slots) } }
    }

    // MARK: For encodable types

    mutating func writeNull() { isNull = true }

    mutating func refuse(_ reason: String) { refusal = refusal ?? reason }

    mutating func write<Integer: FixedWidthInteger>(_ integer: Integer) {
        withUnsafeBytes(of: integer.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ string: String) {
        var string = string
        string.withUTF8 { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ raw: some Collection<UInt8>) { bytes.append(contentsOf: raw) }

    /// A field of a tuple or an array, preceded by its length.
    mutating func writeField<Value: PostgresEncodable>(_ value: Value) {
        let start = bytes.count
        write(Int32(-1))
        isNull = false
        value.encode(into: &self)
        defer { isNull = false }
        if isNull { return }
        guard let length = Int32(exactly: bytes.count - start - 4) else {
            return refuse("a value of more than 2 GiB")
        }
        withUnsafeBytes(of: length.bigEndian) { field in
            for (index, byte) in field.enumerated() { bytes[start + index] = byte }
        }
    }

    mutating func write<Element: PostgresEncodable>(array: [Element]) {
        write(Int32(array.isEmpty ? 0 : 1))
        // 1 would announce nulls; the server detects them itself.
        write(Int32(0))
        write(Element.postgresType.rawValue)
        if array.isEmpty { return }
        guard let count = Int32(exactly: array.count) else { return refuse("an array of more than 2^31 elements") }
        write(count)
        write(Int32(1))
        for element in array { writeField(element) }
    }
}
