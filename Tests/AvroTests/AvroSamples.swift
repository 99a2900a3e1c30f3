import Avro

/// A generator whose sequence is fixed by its seed (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

extension Schema {
    /// A schema written in a test; one that does not parse fails the test where it stands.
    static func sample(_ text: String) -> Schema { Schema(generated: text) }
}

/// Generates values of any schema.
struct ValueMaker {
    let schema: Schema
    var random: SeededRandom

    init(schema: Schema, seed: UInt64) {
        self.schema = schema
        random = SeededRandom(seed: seed)
    }

    mutating func value() -> AvroValue { value(schema.type, depth: 0) }

    private mutating func value(_ type: SchemaType, depth: Int) -> AvroValue {
        switch type {
        case .null: return .null
        case .boolean: return .boolean(.random(using: &random))
        case .int:
            return .int(Int32.random(in: .min ... .max, using: &random) >> Int32.random(in: 0...31, using: &random))
        case .long:
            return .long(Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...63, using: &random))
        case .float: return .float(Float.random(in: -1e30...1e30, using: &random))
        case .double: return .double(Double.random(in: -1e300...1e300, using: &random))
        case .bytes: return .bytes(bytes(count: Int.random(in: 0...40, using: &random)))
        case .string: return .string(text())
        case .logical(.timestampMillis, _):
            return .long(Int64.random(in: -62_000_000_000_000...253_000_000_000_000, using: &random))
        case .logical(.decimal(let precision, let scale), let type): return decimal(precision, scale, type)
        case .logical(_, let type): return value(type, depth: depth)
        case .array(let items): return .array((0..<size(depth)).map { _ in value(items, depth: depth + 1) })
        case .map(let values):
            let pairs = (0..<size(depth)).map { _ in (text(), value(values, depth: depth + 1)) }
            return .map(Dictionary(pairs) { first, _ in first })
        case .union(let branches):
            let branch = depth > 12 ? 0 : Int.random(in: 0..<branches.count, using: &random)
            return .union(branch, value(branches[branch], depth: depth + 1))
        case .named(let name): return named(name, depth: depth)
        }
    }

    private mutating func named(_ name: String, depth: Int) -> AvroValue {
        switch schema.definition(name) {
        case .record(let record): .record(record.fields.map { value($0.type, depth: depth + 1) })
        case .enumeration(let type): .enumeration(Int.random(in: 0..<type.symbols.count, using: &random))
        case .fixed(let type): .fixed(bytes(count: type.size))
        case nil: .null
        }
    }

    private mutating func decimal(_ precision: Int, _ scale: Int, _ type: SchemaType) -> AvroValue {
        let digits = Int.random(in: 1...precision, using: &random)
        let most = (0..<digits).reduce(Int128(1)) { power, _ in power * 10 } - 1
        let value = AvroDecimal(unscaled: Int128.random(in: -most...most, using: &random), scale: scale)
        guard case .named(let name) = type, case .fixed(let fixed)? = schema.definition(name) else {
            return .bytes(value.bytes)
        }
        let bytes = value.bytes
        return .fixed([UInt8](repeating: value.unscaled < 0 ? 0xff : 0, count: fixed.size - bytes.count) + bytes)
    }

    private mutating func size(_ depth: Int) -> Int { depth > 10 ? 0 : Int.random(in: 0...4, using: &random) }

    private mutating func bytes(count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    private mutating func text() -> String {
        let letters = Array("abcXYZ 019äßжعあ漢🙂🚀")
        return String(
            (0..<Int.random(in: 0...24, using: &random)).map { _ in letters.randomElement(using: &random) ?? "x" })
    }
}

extension AvroValue {
    /// The value spelt without any freedom, as Scripts/crosscheck.py spells it.
    func dump(as type: SchemaType, in schema: Schema) -> String {
        switch (type, self) {
        case (.logical(.timestampMillis, _), .long(let value)): return "T\(value)"
        case (.logical(.decimal(_, let scale), _), .bytes(let bytes)),
            (.logical(.decimal(_, let scale), _), .fixed(let bytes)):
            return "D\(AvroDecimal(bytes: bytes, scale: scale)?.description ?? "?")"
        case (.logical(_, let type), _): return dump(as: type, in: schema)
        case (_, .null): return "n"
        case (_, .boolean(let value)): return value ? "t" : "f"
        case (_, .int(let value)): return "i\(value)"
        case (_, .long(let value)): return "i\(value)"
        case (_, .float(let value)): return "f" + Self.hex(value.bitPattern.bytes)
        case (_, .double(let value)): return "d" + Self.hex(value.bitPattern.bytes)
        case (_, .bytes(let value)), (_, .fixed(let value)): return "b" + Self.hex(value)
        case (_, .string(let value)): return "s" + Self.hex(value.utf8)
        case (.array(let items), .array(let values)):
            return "[" + values.map { $0.dump(as: items, in: schema) }.joined(separator: ",") + "]"
        case (.map(let type), .map(let entries)):
            let pairs = entries.map { (Self.hex($0.utf8), $1) }.sorted { $0.0 < $1.0 }
            return "{" + pairs.map { "\($0):\($1.dump(as: type, in: schema))" }.joined(separator: ",") + "}"
        case (.union(let branches), .union(let branch, let value)): return value.dump(as: branches[branch], in: schema)
        case (.named(let name), .record(let values)):
            guard case .record(let record)? = schema.definition(name) else { return "?" }
            let fields = zip(record.fields, values).map { $1.dump(as: $0.type, in: schema) }
            return "(" + fields.joined(separator: ",") + ")"
        case (.named(let name), .enumeration(let symbol)):
            guard case .enumeration(let type)? = schema.definition(name) else { return "?" }
            return "e" + type.symbols[symbol]
        default: return "?"
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension FixedWidthInteger {
    /// Highest byte first.
    fileprivate var bytes: [UInt8] { withUnsafeBytes(of: bigEndian) { [UInt8]($0) } }
}
