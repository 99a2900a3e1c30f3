import Testing

@testable import Avro

@Suite struct ResolutionTests {
    private func read(_ value: AvroValue, _ writer: String, as reader: String) throws -> AvroValue {
        let (writer, reader) = (Schema.sample(writer), Schema.sample(reader))
        let plan = try ResolutionPlan(writer: writer, reader: reader)
        return try AvroValue(decoding: plan.resolve(value.encoded(as: writer)), schema: reader)
    }

    private func record(_ fields: String) -> String {
        #"{"type": "record", "name": "R", "fields": [\#(fields)]}"#
    }

    @Test func `numbers are promoted`() throws {
        #expect(try read(.int(-3), "\"int\"", as: "\"long\"") == .long(-3))
        #expect(try read(.int(-3), "\"int\"", as: "\"float\"") == .float(-3))
        #expect(try read(.long(9), "\"long\"", as: "\"double\"") == .double(9))
        #expect(try read(.float(1.5), "\"float\"", as: "\"double\"") == .double(1.5))
        #expect(try read(.string("é"), "\"string\"", as: "\"bytes\"") == .bytes([0xc3, 0xa9]))
    }

    @Test func `fields are found by name or alias, in any order, and defaulted or skipped`() throws {
        let writer = record(
            """
            {"name": "a", "type": "int"}, {"name": "gone", "type": {"type": "map", "values": "string"}}, {"name": "b", "type": "string"}
            """)
        let value = AvroValue.record([.int(1), .map(["x": .string("y")]), .string("two")])
        let appended = record(
            #"{"name": "a", "type": "long"}, {"name": "b", "type": "string"}, {"name": "c", "type": ["null", "int"], "default": null}"#
        )
        #expect(try read(value, writer, as: appended) == .record([.long(1), .string("two"), .union(0, .null)]))
        let reordered = record(
            #"{"name": "new", "type": "boolean", "default": true}, {"name": "beta", "aliases": ["b"], "type": "string"}, {"name": "a", "type": "int"}"#
        )
        #expect(try read(value, writer, as: reordered) == .record([.boolean(true), .string("two"), .int(1)]))
    }

    @Test func `a symbol the reader lacks is its default, or a typed error`() throws {
        let writer = #"{"type": "enum", "name": "E", "symbols": ["A", "B", "C"]}"#
        let withDefault = #"{"type": "enum", "name": "E", "symbols": ["C", "OTHER"], "default": "OTHER"}"#
        #expect(try read(.enumeration(2), writer, as: withDefault) == .enumeration(0))
        #expect(try read(.enumeration(1), writer, as: withDefault) == .enumeration(1))
        let without = #"{"type": "enum", "name": "E", "symbols": ["A", "C"]}"#
        #expect(try read(.enumeration(2), writer, as: without) == .enumeration(1))
        let error = #expect(throws: AvroError.self) { try read(.enumeration(1), writer, as: without) }
        #expect(error?.reason == .unknownSymbol)
    }

    @Test func `unions are resolved by the value's type`() throws {
        #expect(try read(.string("x"), "\"string\"", as: #"["null", "string"]"#) == .union(1, .string("x")))
        #expect(
            try read(.union(1, .int(5)), #"["null", "int"]"#, as: #"["string", "long", "null"]"#) == .union(1, .long(5))
        )
        #expect(try read(.union(1, .int(5)), #"["null", "int"]"#, as: "\"long\"") == .long(5))
        let error = #expect(throws: AvroError.self) { try read(.union(0, .null), #"["null", "int"]"#, as: "\"long\"") }
        #expect(error?.reason == .unknownBranch)
        #expect(
            try read(.union(0, .null), #"["null", "string"]"#, as: #"["null", "int"]"#) == .union(0, .null))
        #expect(throws: AvroError.self) {
            try read(.union(1, .string("")), #"["null", "string"]"#, as: #"["null", "int"]"#)
        }
        // Branches that look the same but for their names may stand in another order.
        let a = #"{"type": "record", "name": "A", "fields": [{"name": "x", "type": "int"}]}"#
        let b = #"{"type": "record", "name": "B", "fields": [{"name": "x", "type": "int"}]}"#
        #expect(
            try read(.union(0, .record([.int(7)])), "[\(a), \(b)]", as: "[\(b), \(a)]") == .union(1, .record([.int(7)]))
        )
        #expect(
            try read(.union(0, .string("x")), #"["string", "bytes"]"#, as: #"["bytes", "string"]"#)
                == .union(1, .string("x")))
        // The same type before one it could be promoted to.
        #expect(try read(.long(5), "\"long\"", as: #"["double", "long"]"#) == .union(1, .long(5)))
    }

    @Test func `types that contain themselves are resolved`() throws {
        func list(_ more: String) -> String {
            #"{"type": "record", "name": "L", "fields": [{"name": "v", "type": "int"}, {"name": "next", "type": ["null", "L"]}\#(more)]}"#
        }
        let value = AvroValue.record([.int(1), .union(1, .record([.int(2), .union(0, .null)]))])
        let reader = list(#", {"name": "tag", "type": "string", "default": "t"}"#)
        let expected = AvroValue.record([
            .int(1), .union(1, .record([.int(2), .union(0, .null), .string("t")])), .string("t"),
        ])
        #expect(try read(value, list(""), as: reader) == expected)
        #expect(try ResolutionPlan(writer: .sample(list("")), reader: .sample(list(""))).isIdentity)
    }

    @Test func `incompatible schemas are refused before the first message, naming field and rule`() {
        let error = #expect(throws: AvroError.self) {
            try ResolutionPlan(
                writer: .sample(record(#"{"name": "a", "type": "int"}"#)),
                reader: .sample(record(#"{"name": "a", "type": "int"}, {"name": "b", "type": "int"}"#)))
        }
        #expect(
            error
                == AvroError(
                    .incompatibleSchemas, "b: a field the writer does not have needs a default: R does not have it"))
    }

    private static func logical(_ name: String, _ type: String, _ more: String = "") -> String {
        #"{"type": "\#(type)", "logicalType": "\#(name)"\#(more)}"#
    }

    private static let millis = logical("timestamp-millis", "long"), micros = logical("timestamp-micros", "long")
    private static let date = logical("date", "int")
    private static let timeMillis = logical("time-millis", "int"), timeMicros = logical("time-micros", "long")
    private static func decimal(_ precision: Int, _ scale: Int, in type: String = "bytes") -> String {
        logical("decimal", type, #", "precision": \#(precision), "scale": \#(scale)"#)
    }

    private static let otherMeanings = [
        (millis, micros), (micros, millis), (timeMillis, timeMicros), (date, timeMillis), (timeMillis, date),
        (date, millis), (timeMicros, millis), (micros, timeMicros),
        (decimal(12, 2), decimal(12, 3)), (decimal(12, 3), decimal(12, 2)), (decimal(12, 2), decimal(14, 2)),
    ]

    @Test(arguments: otherMeanings) func `a number is never read as another kind of time, or with another scale`(
        writer: String, reader: String
    ) throws {
        for (around, after) in [
            ("", ""), (#"{"type": "array", "items": "#, "}"), (#"{"type": "map", "values": "#, "}"),
            (#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "#, "}]}"),
        ] {
            let error = #expect(throws: AvroError.self) {
                try ResolutionPlan(
                    writer: .sample(around + writer + after), reader: .sample(around + reader + after))
            }
            #expect(error?.reason == .incompatibleSchemas)
        }
        // Where null may stand, null is read, and a value is refused.
        let (nullableWriter, nullableReader) = (#"["null", \#(writer)]"#, #"["null", \#(reader)]"#)
        #expect(try read(.union(0, .null), nullableWriter, as: nullableReader) == .union(0, .null))
        let value: AvroValue =
            switch Schema.sample(writer).type.physical {
            case .int: .int(1)
            case .long: .long(1)
            default: .bytes([1])
            }
        let error = #expect(throws: AvroError.self) { try read(.union(1, value), nullableWriter, as: nullableReader) }
        #expect(error?.reason == .unknownBranch)
    }

    @Test func `a number without a meaning is read as its type says, and one with a meaning too`() throws {
        #expect(try read(.long(5), "\"long\"", as: Self.millis) == .long(5))
        #expect(try read(.long(5), Self.millis, as: "\"long\"") == .long(5))
        #expect(try read(.int(5), Self.date, as: "\"long\"") == .long(5))
        #expect(try read(.bytes([5]), "\"bytes\"", as: Self.decimal(12, 2)) == .bytes([5]))
        #expect(try read(.long(5), Self.millis, as: Self.millis) == .long(5))
    }

    /// Nested as deep as a schema may be, every level nullable.
    private func nest(levels: Int, of innermost: String) -> String {
        (0..<levels).reduce(innermost) { inner, _ in #"["null", {"type": "array", "items": \#(inner)}]"# }
    }

    /// Each type contains the next one twice: without a limit, an empty message costs 2 to the power of 50 steps.
    @Test func `values without bytes are limited in number`() throws {
        let fields = (1...50).reversed().map { level in
            #"{"name": "f\#(level)", "type": {"type": "record", "name": "R\#(level)", "fields": [{"name": "a", "type": "R\#(level + 1)"}, {"name": "b", "type": "R\#(level + 1)"}]}}"#
        }
        let last = #"{"name": "f51", "type": {"type": "record", "name": "R51", "fields": []}}"#
        let writer = Schema.sample(record(([last] + fields).joined(separator: ", ")))
        let plan = try ResolutionPlan(writer: writer, reader: Schema.sample(record("")))
        #expect(throws: AvroError.self) { try plan.resolve([]) }
    }

    @Test func `deeply nested nullable types are compared and resolved quickly`() throws {
        let levels = AvroLimits.nestingMax / 2 - 1
        let writer = Schema.sample(nest(levels: levels, of: #"["null", "int"]"#))
        let reader = Schema.sample(nest(levels: levels, of: #"["null", "long", "string"]"#))
        #expect(ContractGate.violations(of: reader, after: [writer]).count == 2)
        let plan = try ResolutionPlan(writer: writer, reader: reader)
        #expect(!plan.isIdentity)
        let value = AvroValue.union(1, .array([.union(1, .array([.union(0, .null)]))]))
        #expect(try AvroValue(decoding: plan.resolve(value.encoded(as: writer)), schema: reader) == value)
    }

    @Test func `records nested by name, each level nullable, are compared and resolved too`() throws {
        func chain(_ innermost: RecordType.Field) -> Schema {
            func record(_ name: String, _ fields: [RecordType.Field]) -> NamedType {
                .record(RecordType(name: name, aliases: [], documentation: nil, fields: fields))
            }
            func field(_ name: String, _ type: SchemaType) -> RecordType.Field {
                .init(
                    name: name, aliases: [], documentation: nil, type: type, defaultValue: nil, attributes: [:])
            }
            var definitions = ["R0": record("R0", [innermost])]
            for level in 1...200 {
                definitions["R\(level)"] = record(
                    "R\(level)", [field("next", .union([.null, .named("R\(level - 1)")]))])
            }
            return Schema(type: .named("R200"), definitions: definitions, text: "")
        }
        func innermost(_ type: SchemaType) -> RecordType.Field {
            .init(name: "value", aliases: [], documentation: nil, type: type, defaultValue: nil, attributes: [:])
        }
        let (writer, reader) = (chain(innermost(.int)), chain(innermost(.long)))
        #expect(SchemaMatch.problems(writer: writer, reader: reader).isEmpty)
        #expect(!SchemaMatch.problems(writer: reader, reader: writer).isEmpty)
        let value = AvroValue.record([.union(1, .record([.union(0, .null)]))])
        let plan = try ResolutionPlan(writer: writer, reader: reader)
        #expect(try AvroValue(decoding: plan.resolve(value.encoded(as: writer)), schema: reader) == value)
    }
}
