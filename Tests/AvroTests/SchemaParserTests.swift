import Avro
import Testing

@Suite struct SchemaParserTests {
    @Test func `names are resolved in their namespace and outside it`() throws {
        let schema = try Schema(
            parsing: """
                {"type": "record", "name": "a.b.Outer", "fields": [
                    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["X"]}},
                    {"name": "other", "type": {"type": "fixed", "name": "c.Other", "size": 4}},
                    {"name": "again", "type": "Kind"}, {"name": "far", "type": "c.Other"}, {"name": "next", "type": ["null", "Outer"]}
                ]}
                """)
        let record = try #require(schema.record)
        #expect(record.name == "a.b.Outer")
        #expect(record.field("again")?.type == .named("a.b.Kind"))
        #expect(record.field("far")?.type == .named("c.Other"))
        #expect(record.field("next")?.type == .union([.null, .named("a.b.Outer")]))
    }

    @Test func `a logical type that does not fit its type is ignored`() throws {
        #expect(
            try Schema(parsing: #"{"type": "long", "logicalType": "timestamp-millis"}"#).type.logical
                == .timestampMillis)
        #expect(try Schema(parsing: #"{"type": "string", "logicalType": "timestamp-millis"}"#).type == .string)
        #expect(
            try Schema(parsing: #"{"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 5}"#).type
                == .bytes)
        #expect(try Schema(parsing: #"{"type": "bytes", "logicalType": "decimal", "precision": 39}"#).type == .bytes)
        let decimal = try Schema(parsing: #"{"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}"#)
        #expect(decimal.type == .logical(.decimal(precision: 12, scale: 2), .bytes))
    }

    @Test(arguments: [
        (
            #"{"type": "record", "name": "R", "fields": [{"name": "f", "type": "strong"}]}"#,
            #"R.f: unknown type "strong""#
        ),
        (
            #"{"type": "record", "name": "R", "fields": [{"name": "1", "type": "int"}]}"#,
            #"R: "1" is not a field's name"#
        ),
        (
            #"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]}"#,
            "R: field a appears twice"
        ),
        (
            #"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int", "default": "x"}]}"#,
            "R.a: default: expected int, found a string"
        ),
        (
            #"{"type": "record", "name": "R", "fields": [{"name": "a", "type": {"type": "array", "items": ["null", "int", "int"]}}]}"#,
            "R.a.items: two branches of int"
        ),
        (#"{"type": "enum", "name": "E", "symbols": ["A", "A"]}"#, "enum E has A twice"),
        (
            #"{"type": "enum", "name": "E", "symbols": ["A"], "default": "B"}"#,
            "enum E: the default is not one of its symbols"
        ),
        (#"{"type": "fixed", "name": "F", "size": -1}"#, #"fixed F: "size" is missing or out of range"#),
        (#"[["null"], "int"]"#, "a union directly inside a union"),
        ("[]", "a union without branches"),
        ("12", "expected a type, found a number"),
    ])
    func `an error has its position`(text: String, detail: String) {
        #expect(throws: AvroError(.malformedSchema, detail)) { try Schema(parsing: text) }
    }

    @Test func `schemas and JSON have limits`() {
        let deep =
            String(repeating: #"{"type": "array", "items": "#, count: 65) + "\"int\""
            + String(repeating: "}", count: 65)
        #expect(throws: AvroError.self) { try Schema(parsing: deep) }
        let brackets = String(repeating: "[", count: 100_000)
        #expect(throws: AvroError.self) { try JSONTree(parsing: brackets) }
        #expect(throws: AvroError.self) { try Schema(parsing: "\"" + String(repeating: "a", count: 1 << 20) + "\"") }
    }

    // The values of the Avro specification's own test of fingerprints (share/test/data/schema-tests.txt).
    @Test(arguments: [
        (#""null""#, #""null""#, 7_195_948_357_588_979_594 as Int64),
        (#"{"type": "boolean"}"#, #""boolean""#, -6_970_731_678_124_411_036),
        (#""string""#, #""string""#, -8_142_146_995_180_207_161),
        (
            #"{"namespace": "x.y.z", "type": "fixed", "name": "foo", "doc": "F", "size": 32}"#,
            #"{"name":"x.y.z.foo","type":"fixed","size":32}"#, -3_064_184_465_700_546_786
        ),
    ])
    func `canonical form and fingerprint are those of the specification`(text: String, form: String, fingerprint: Int64)
        throws
    {
        let schema = try Schema(parsing: text)
        #expect(schema.canonicalForm == form)
        #expect(Int64(bitPattern: schema.fingerprint) == fingerprint)
    }

    @Test func `JSON keeps order and digits, and refuses what is not JSON`() throws {
        let tree = try JSONTree(parsing: #" {"b": 49.990, "a": [true, null, "x\u00e9\ud83d\ude80\n"], "c": -1e5} "#)
        #expect(tree.compactText() == #"{"b":49.990,"a":[true,null,"xé🚀\n"],"c":-1e5}"#)
        #expect(try JSONTree(parsing: tree.prettyText()) == tree)
        for text in [
            "", "{", "[1,]", "01", "1.", "-", "\"\\x\"", "\"\\ud800\"", "tru", "{\"a\":1,\"a\":2}", "1 2", "\"\u{1}\"",
        ] {
            #expect(throws: AvroError.self, "\(text)") { try JSONTree(parsing: text) }
        }
    }

    @Test(arguments: [
        ("hello", "expected a value"), ("[+1]", "expected a value"), ("-x", "expected a digit"),
        ("1.", "expected a digit"),
        (" ", "the text ends where a value should begin"),
    ])
    func `the error of invalid JSON says what is expected where`(text: String, message: String) {
        let error = #expect(throws: AvroError.self) { try JSONTree(parsing: text) }
        #expect(error.map { "\($0)" }?.contains(message) == true, "\(String(describing: error))")
    }
}
