/// Distinguishes a complete id from a longer text that contains it, because the log searches bytes.
enum WholeID {
    private static let longerIDsMax = 5

    /// Whether `id` is the key, a header value or an Avro string of a record, or a separate word in a longer text.
    static func stands(_ id: String, in record: LogRecord) -> Bool {
        let id = Array(id.utf8)
        return record.key == id || record.headers.contains { $0.value == id }
            || places(of: id, in: record.value ?? []).contains { isWhole($0, in: record.value ?? []) }
    }

    /// Ids that begin with `text`.
    static func longer(_ text: String, in records: [LogRecord]) -> [String] {
        let text = Array(text.utf8)
        var found: [String] = []
        for record in records {
            let parts = [record.key, record.value].compactMap { $0 } + record.headers.compactMap(\.value)
            for part in parts {
                for place in places(of: text, in: part) {
                    guard let end = end(of: place, in: part) else { continue }
                    let id = String(decoding: part[place.lowerBound..<end], as: UTF8.self)
                    if !found.contains(id) { found.append(id) }
                    if found.count == longerIDsMax { return found }
                }
            }
        }
        return found
    }

    /// The end of the id that begins at `place`: of the Avro string, because the next field can begin with a byte that is a letter; else of
    /// the word. Nil if no id begins there.
    private static func end(of place: Range<Int>, in bytes: [UInt8]) -> Int? {
        let before = bytes[..<place.lowerBound].last
        if let length = before, !wordStarts.contains(length), length.isMultiple(of: 2), length < 128 {
            let end = place.lowerBound + Int(length) / 2
            if end >= place.upperBound, end <= bytes.count, bytes[place.upperBound..<end].allSatisfy(isOfID) {
                return end
            }
        }
        if let before, isOfID(before) { return nil }
        return bytes[place.upperBound...].firstIndex { !isOfID($0) } ?? bytes.endIndex
    }

    /// Before an id in a text. As a length they would be 16 to 29, and ids of the hub are longer.
    private static let wordStarts = Set(" \"(,.:".utf8)

    private static func isWhole(_ place: Range<Int>, in bytes: [UInt8]) -> Bool {
        let before = bytes[..<place.lowerBound]
        // An Avro string is preceded by its length as a zig-zag varint.
        if before.suffix(lengthField(place.count).count).elementsEqual(lengthField(place.count)) { return true }
        let after = place.upperBound < bytes.count ? bytes[place.upperBound] : nil
        return !(before.last.map(isOfID) ?? false) && !(after.map(isOfID) ?? false)
    }

    private static func lengthField(_ count: Int) -> [UInt8] {
        var rest = count * 2
        var bytes: [UInt8] = []
        while rest > 127 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func isOfID(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func places(of part: [UInt8], in bytes: [UInt8]) -> [Range<Int>] {
        guard let first = part.first else { return [] }
        var places: [Range<Int>] = []
        var start = 0
        while let place = bytes[start...].firstIndex(of: first), bytes.count - place >= part.count {
            if bytes[place..<place + part.count].elementsEqual(part) { places.append(place..<place + part.count) }
            start = place + 1
        }
        return places
    }
}
