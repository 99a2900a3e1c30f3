import Avro
import Foundation
import Testing

@Suite struct ValueTests {
    @Test(
        arguments: [
            (0, [0]), (-1, [1]), (1, [2]), (-64, [0x7f]), (64, [0x80, 1]),
            (Int64.max, [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            (Int64.min, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
        ] as [(Int64, [UInt8])])
    func `integers are zig-zag, seven bits a byte`(value: Int64, bytes: [UInt8]) throws {
        #expect(try AvroValue.long(value).encoded(as: .sample("\"long\"")) == bytes)
        #expect(try AvroValue(decoding: bytes, schema: .sample("\"long\"")) == .long(value))
    }

    @Test func `blocks of negative count carry their size`() throws {
        let schema = Schema.sample(#"{"type": "array", "items": "int"}"#)
        #expect(try AvroValue(decoding: [3, 4, 2, 4, 2, 6, 0], schema: schema) == .array([.int(1), .int(2), .int(3)]))
    }

    @Test(arguments: [
        ("0", 2, "0.00"), ("49.99", 2, "49.99"), ("-0.5", 2, "-0.50"), ("12e2", 2, "1200.00"), ("1.500", 2, "1.50"),
        ("99999999999999999999999999999999999999", 0, "99999999999999999999999999999999999999"), ("12E-1", 1, "1.2"),
    ])
    func `decimals are exact`(text: String, scale: Int, description: String) throws {
        let decimal = try #require(AvroDecimal(text, scale: scale))
        #expect(decimal.description == description)
        #expect(AvroDecimal(bytes: decimal.bytes, scale: scale) == decimal)
    }

    @Test(arguments: [
        "1e-9223372036854775808", "1e9223372036854775807",
        "", ".", "1.", ".5", "1.234", "--1", "1e", "1e999", "abc", "1 ", "170141183460469231731687303715884105728",
    ])
    func `a value that does not fit the decimal scale is refused`(text: String) {
        #expect(AvroDecimal(text, scale: 2) == nil)
    }

    @Test(
        arguments: [
            (1_705_428_000_000, "2024-01-16T18:00:00Z"), (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00Z"), (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        ] as [(Int64, String)])
    func `times are ISO-8601 in UTC`(milliseconds: Int64, text: String) {
        #expect(ISO8601.text(millisecondsSince1970: milliseconds) == text)
        #expect(ISO8601.milliseconds(text) == milliseconds)
    }

    @Test func `a time with an offset is taken to UTC, and nonsense is refused`() {
        #expect(ISO8601.milliseconds("2024-01-16T20:00:00.5+02:00") == 1_705_428_000_500)
        for text in [
            "", "2024-01-16", "2024-02-30T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-16T24:00:00Z",
            "2024-01-16T18:00:00", "2024-01-16T18:00:00Zx",
        ] {
            #expect(ISO8601.milliseconds(text) == nil, "\(text)")
        }
    }

    @Test func `a time is shown to its millisecond`() {
        for millisecond in 0..<1_000 {
            let date = Date(timeIntervalSince1970: Double(1_795_963_196_000 + millisecond) / 1_000)
            let digits = String(1_000 + millisecond).dropFirst()
            #expect(date.iso8601Milliseconds == "2026-11-29T14:39:56.\(digits)Z")
            #expect(Date(iso8601: date.iso8601Milliseconds)?.iso8601Milliseconds == date.iso8601Milliseconds)
        }
    }

    @Test func `times outside the calendar do not crash`() {
        #expect(ISO8601.text(millisecondsSince1970: .max) == nil)
        #expect(ISO8601.text(millisecondsSince1970: .min) == nil)
        #expect(Date(timeIntervalSince1970: .infinity).millisecondsSince1970 == .max)
        #expect(Date(timeIntervalSince1970: -.infinity).millisecondsSince1970 == .min)
        #expect(Date(timeIntervalSince1970: .nan).millisecondsSince1970 == 0)
        #expect(Date.distantFuture.iso8601Milliseconds == "4001-01-01T00:00:00.000Z")
        #expect(Date(timeIntervalSince1970: .infinity).iso8601Milliseconds == "9999-12-31T23:59:59.999Z")
        #expect(Date(timeIntervalSince1970: -.infinity).iso8601Milliseconds == "0000-01-01T00:00:00.000Z")
    }

    @Test(arguments: [
        (-62_167_219_200_001, false), (-62_167_219_200_000, true), (253_402_300_799_999, true),
        (253_402_300_800_000, false), (Int64.max, false), (Int64.min, false),
    ])
    func `a time is decoded when it can be written again as it was`(milliseconds: Int64, isTaken: Bool) throws {
        var encoder = AvroEncoder()
        encoder.write(milliseconds)
        let read = Result { try encoder.bytes.decodingAvro { (decoder) throws(AvroError) in try decoder.date() } }
        guard case .success(let date) = read else {
            #expect(!isTaken)
            return
        }
        #expect(isTaken && date.millisecondsSince1970 == milliseconds)
    }

    @Test func `a union of several types names the type in JSON`() throws {
        let schema = Schema.sample(
            #"{"type": "record", "name": "R", "fields": [{"name": "u", "type": ["null", "int", "string"]}]}"#)
        let value = AvroValue.record([.union(2, .string("x"))])
        let json = try value.json(of: schema)
        #expect(json.compactText() == #"{"u":{"string":"x"}}"#)
        #expect(try AvroValue(json: json, schema: schema) == value)
    }

    @Test func `JSON that does not match the schema is refused, naming the field`() throws {
        let schema = Schema.sample(#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}"#)
        for (text, detail) in [
            ("{}", "a: missing"), (#"{"a": "x"}"#, "a: expected int, found a string"),
            (#"{"a": 1, "b": 2}"#, "R has no field b"),
        ] {
            #expect(throws: AvroError(.schemaMismatch, detail)) {
                try AvroValue(json: JSONTree(parsing: text), schema: schema)
            }
        }
        #expect(throws: AvroError(.invalidValue, "a: 3000000000 is not an int")) {
            try AvroValue(json: JSONTree(parsing: #"{"a": 3000000000}"#), schema: schema)
        }
    }
}
