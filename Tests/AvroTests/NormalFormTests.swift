import Avro
import Contracts
import Testing

@Suite struct NormalFormTests {
    private func normal(_ text: String) throws -> String { try Schema(parsing: text).normalText }

    @Test func `every event's schema means the same in normal form, which is its own normal form`() throws {
        for event in EventCatalogue.all {
            let again = try Schema(parsing: event.schema.normalText)
            #expect(again == event.schema)
            #expect(again.normalText == event.schema.normalText)
        }
    }

    @Test(arguments: [
        (#" "int" "#, #""int""#),
        (#"{"type": "int"}"#, #""int""#),
        (#"{"logicalType": "date", "type": "int"}"#, #"{"type":"int","logicalType":"date"}"#),
        (#"{"type": {"type": "int"}, "b": 1, "a": 2}"#, #"{"type":"int","a":2,"b":1}"#),
        (#"{"items": {"type": "string"}, "type": "array"}"#, #"{"type":"array","items":"string"}"#),
        (#"{"values": ["null", {"type": "long"}], "type": "map"}"#, #"{"type":"map","values":["null","long"]}"#),
        (
            #"{"size": 4, "name": "a.b.F", "type": "fixed", "aliases": ["G"]}"#,
            #"{"type":"fixed","name":"F","namespace":"a.b","size":4,"aliases":["a.b.G"]}"#
        ),
        (
            #"{"symbols": ["A"], "default": "A", "name": "E", "namespace": "", "type": "enum", "doc": "d"}"#,
            #"{"type":"enum","name":"E","doc":"d","symbols":["A"],"default":"A"}"#
        ),
        (
            #"""
            {"name": "n.R", "type": "record", "fields": [
              {"type": {"name": "S", "type": "record", "fields": [{"name": "r", "type": ["null", "n.R"], "order": "ascending"}]},
               "name": "s", "doc": "kept", "z": 1, "aliases": []},
              {"name": "t", "type": "S", "order": "ignore", "default": {"r": null}}]}
            """#,
            #"{"type":"record","name":"R","namespace":"n","fields":[{"name":"s","type":{"type":"record","name":"S","fields":[{"name":"r","type":["null","R"]}]},"doc":"kept","z":1},{"name":"t","type":"S","default":{"r":null},"order":"ignore"}]}"#
        ),
        (
            #"{"type": "record", "name": "a.R", "fields": [{"name": "x", "type": {"type": "fixed", "name": "F", "namespace": "", "size": 1}}, {"name": "y", "type": "F"}]}"#,
            #"{"type":"record","name":"R","namespace":"a","fields":[{"name":"x","type":{"type":"fixed","name":"F","namespace":"","size":1}},{"name":"y","type":"F"}]}"#
        ),
    ])
    func `a schema has one spelling`(text: String, expected: String) throws {
        #expect(try normal(text) == expected)
        #expect(try normal(expected) == expected)
        #expect(try Schema(parsing: text) == Schema(parsing: expected))
    }

    @Test func `what means something is not lost: documentation, defaults and members of others`() throws {
        let plain = #"{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}"#
        for other in [
            plain.replacing(#""fields""#, with: #""doc":"d","fields""#),
            plain.replacing(#""int""#, with: #""int","default":1"#),
            plain.replacing(#""int""#, with: #"{"type":"int","other":true}"#),
            plain.replacing("}]", with: #","pii":true}]"#),
            plain.replacing(#"}]}"#, with: #"}],"aliases":["Q"]}"#),
        ] {
            #expect(try normal(other) != normal(plain), "\(other)")
        }
    }
}
