/// Encodes headers as one `bytea`: a count (2 bytes), then for each header the length of its name (2), the name, the length of its value
/// (4; all ones for null) and the value; integers are big-endian. One column costs a third of an array or JSON when appending, and
/// supports binary values.
enum HeaderCodec {
    static func encode(_ headers: [RecordHeader]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headers.reduce(2) { $0 + 6 + $1.name.utf8.count + ($1.value?.count ?? 0) })
        append(UInt16(clamping: headers.count), to: &bytes)
        for header in headers.prefix(Int(UInt16.max)) {
            let name = header.name.utf8.prefix(Int(UInt16.max))
            append(UInt16(clamping: name.count), to: &bytes)
            bytes.append(contentsOf: name)
            guard let value = header.value else {
                append(noValue, to: &bytes)
                continue
            }
            append(min(UInt32(clamping: value.count), noValue - 1), to: &bytes)
            bytes.append(contentsOf: value)
        }
        return bytes
    }

    private static let noValue = UInt32.max

    /// A damaged column becomes one header with its bytes: the record stays readable and becomes a dead letter.
    static func decode(_ bytes: [UInt8]) -> [RecordHeader] {
        var reader = Reader(bytes: bytes[...])
        guard let headers = reader.headers() else { return [RecordHeader("damaged-headers", bytes)] }
        return headers
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private struct Reader {
        var bytes: ArraySlice<UInt8>

        mutating func headers() -> [RecordHeader]? {
            guard let count = number(ofBytes: 2) else { return nil }
            var headers: [RecordHeader] = []
            headers.reserveCapacity(min(count, 16))
            for _ in 0..<count {
                guard let nameCount = number(ofBytes: 2), let name = take(nameCount),
                    let valueCount = number(ofBytes: 4)
                else { return nil }
                var value: [UInt8]?
                if valueCount != Int(HeaderCodec.noValue) {
                    guard let bytes = take(valueCount) else { return nil }
                    value = Array(bytes)
                }
                headers.append(RecordHeader(String(decoding: name, as: UTF8.self), value))
            }
            return bytes.isEmpty ? headers : nil
        }

        private mutating func number(ofBytes count: Int) -> Int? {
            take(count)?.reduce(0) { $0 << 8 | Int($1) }
        }

        private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard count <= bytes.count else { return nil }
            defer { bytes = bytes.dropFirst(count) }
            return bytes.prefix(count)
        }
    }
}
