extension SchemaType {
    /// The name that identifies a branch of a union.
    public var branchName: String {
        switch self {
        case .null: "null"
        case .boolean: "boolean"
        case .int: "int"
        case .long: "long"
        case .float: "float"
        case .double: "double"
        case .bytes: "bytes"
        case .string: "string"
        case .array: "array"
        case .map: "map"
        case .union: "union"
        case .named(let name): name
        case .logical(_, let type): type.branchName
        }
    }
}

extension Schema {
    /// Avro's Parsing Canonical Form: schemas with equal forms decode bytes the same way.
    public var canonicalForm: String {
        var written: Set<String> = []
        return canonical(type, &written)
    }

    /// CRC-64-AVRO of the canonical form.
    public var fingerprint: UInt64 {
        canonicalForm.utf8.reduce(Rabin.empty) { fingerprint, byte in
            fingerprint >> 8 ^ Rabin.table[Int((fingerprint ^ UInt64(byte)) & 0xff)]
        }
    }

    private func canonical(_ type: SchemaType, _ written: inout Set<String>) -> String {
        switch type {
        case .logical(_, let type): return canonical(type, &written)
        case .array(let items): return #"{"type":"array","items":\#(canonical(items, &written))}"#
        case .map(let values): return #"{"type":"map","values":\#(canonical(values, &written))}"#
        case .union(let branches):
            return "[" + branches.map { canonical($0, &written) }.joined(separator: ",") + "]"
        case .named(let name):
            guard let definition = definitions[name], written.insert(name).inserted else { return "\"\(name)\"" }
            return canonical(definition, &written)
        default: return "\"\(type.branchName)\""
        }
    }

    private func canonical(_ definition: NamedType, _ written: inout Set<String>) -> String {
        switch definition {
        case .record(let record):
            let fields = record.fields.map { #"{"name":"\#($0.name)","type":\#(canonical($0.type, &written))}"# }
            return #"{"name":"\#(record.name)","type":"record","fields":[\#(fields.joined(separator: ","))]}"#
        case .enumeration(let type):
            let symbols = type.symbols.map { "\"\($0)\"" }.joined(separator: ",")
            return #"{"name":"\#(type.name)","type":"enum","symbols":[\#(symbols)]}"#
        case .fixed(let type):
            return #"{"name":"\#(type.name)","type":"fixed","size":\#(type.size)}"#
        }
    }
}

/// The polynomial of Avro's 64-bit fingerprint (Avro specification, Schema Fingerprints).
private enum Rabin {
    static let empty: UInt64 = 0xc15d_213a_a4d7_a795

    static let table: [UInt64] = (0..<256).map { index in
        (0..<8).reduce(UInt64(index)) { value, _ in value >> 1 ^ (value & 1 == 0 ? 0 : empty) }
    }
}
