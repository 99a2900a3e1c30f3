import Avro
import Testing

@Suite struct CompatibilityTests {
    private static func record(_ fields: String...) -> Schema {
        .sample(
            #"{"type": "record", "name": "R", "fields": [{"name": "id", "type": "string"}\#(fields.map { ", " + $0 }.joined())]}"#
        )
    }

    private static let plain = record()
    private static let withDefault = record(#"{"name": "a", "type": "int", "default": 0}"#)
    private static let withoutDefault = record(#"{"name": "a", "type": "int"}"#)
    private static let promoted = record(#"{"name": "a", "type": "long", "default": 0}"#)

    private static let time = record(
        #"{"name": "a", "type": {"type": "long", "logicalType": "timestamp-millis"}}"#)
    private static let nullableTime = record(
        #"{"name": "a", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]}"#)
    private static let twoLevels = nullableLevel(#"["A", "B"]"#)
    private static let threeLevels = nullableLevel(#"["A", "B", "C"]"#)
    private static func nullableLevel(_ symbols: String) -> Schema {
        record(#"{"name": "a", "type": ["null", {"type": "enum", "name": "E", "symbols": \#(symbols)}]}"#)
    }

    private static let accepting: [(String, [Schema], Schema, Set<CompatibilityMode>)] = [
        ("a field added with a default", [plain], withDefault, Set(CompatibilityMode.allCases)),
        ("a field added without a default", [plain], withoutDefault, [.none, .forward, .forwardTransitive]),
        ("a field removed that had no default", [withoutDefault], plain, [.none, .backward, .backwardTransitive]),
        ("a field widened", [withDefault], promoted, [.none, .backward, .backwardTransitive]),
        ("a field narrowed", [promoted], withDefault, [.none, .forward, .forwardTransitive]),
        (
            "a field whose default came late", [plain, withDefault], withoutDefault,
            [.none, .backward, .forward, .full, .forwardTransitive]
        ),
        (
            "a field that was something else once", [promoted, plain], withDefault,
            [.none, .backward, .forward, .full, .forwardTransitive]
        ),
        ("a field that may be null from now on", [time], nullableTime, [.none, .backward, .backwardTransitive]),
        ("a field that may be null no longer", [nullableTime], time, [.none, .forward, .forwardTransitive]),
        ("a symbol more where null may stand", [twoLevels], threeLevels, [.none, .backward, .backwardTransitive]),
        ("a symbol less where null may stand", [threeLevels], twoLevels, [.none, .forward, .forwardTransitive]),
        ("a first version", [], plain, Set(CompatibilityMode.allCases)),
    ]

    @Test(arguments: accepting.indices, CompatibilityMode.allCases)
    func `each mode accepts what it should and nothing else`(index: Int, mode: CompatibilityMode) {
        let (name, versions, schema, modes) = Self.accepting[index]
        let violations = mode.violations(of: schema, after: versions)
        #expect(violations.isEmpty == modes.contains(mode), "\(name), \(mode.rawValue): \(violations)")
    }

    @Test(arguments: [
        (
            #"{"name": "a", "type": "string"}"#, #"{"name": "a", "type": "int"}"#,
            "a: types must be equal or promotable: string cannot be read as int (reading version 1)"
        ),
        (
            #"{"name": "a", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}}"#,
            #"{"name": "a", "type": {"type": "enum", "name": "E", "symbols": ["A"]}}"#,
            "a: the reader must know every symbol of the writer or have a default: E lacks B (reading version 1)"
        ),
        (
            #"{"name": "a", "type": {"type": "fixed", "name": "F", "size": 2}}"#,
            #"{"name": "a", "type": {"type": "fixed", "name": "F", "size": 3}}"#,
            "a: fixed types must have the same size: 2 bytes read as 3 (reading version 1)"
        ),
        (
            #"{"name": "a", "type": ["null", "int"]}"#, #"{"name": "a", "type": "int"}"#,
            "a: the reader must accept every type of the writer's union: the reader has no null (reading version 1)"
        ),
        (
            #"{"name": "a", "type": {"type": "long", "logicalType": "timestamp-millis"}}"#,
            #"{"name": "a", "type": {"type": "long", "logicalType": "timestamp-micros"}}"#,
            "a: a value must keep its logical type: timestamp-millis in the writer, timestamp-micros in the reader (reading version 1)"
        ),
        (
            #"{"name": "a", "type": "int", "default": 0}"#, #"{"name": "b", "type": "int", "default": 0}"#,
            "a: a field is never removed: the new schema does not have it (reading version 1)"
        ),
        (
            #"{"name": "a", "type": "string"}"#, #"{"name": "a", "type": "bytes"}"#,
            "a: a field is never retyped: string became bytes (reading version 1)"
        ),
    ])
    func `the gate names field and rule`(old: String, new: String, message: String) {
        let violations = ContractGate.violations(of: Self.record(new), after: [Self.record(old)])
        #expect(violations.first?.description == message)
    }

    @Test func `the gate lets an added field with a default through, against every version`() {
        #expect(ContractGate.violations(of: Self.withDefault, after: [Self.plain, Self.plain]).isEmpty)
        #expect(!ContractGate.violations(of: Self.plain, after: [Self.withDefault, Self.plain]).isEmpty)
    }
}
