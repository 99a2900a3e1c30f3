/// A value of any schema, for tools: the plain encoding without logical types.
public indirect enum AvroValue: Equatable, Sendable {
    case null
    case boolean(Bool)
    case int(Int32)
    case long(Int64)
    case float(Float)
    case double(Double)
    case bytes([UInt8])
    case string(String)
    case array([AvroValue])
    case map([String: AvroValue])
    /// The fields in schema order.
    case record([AvroValue])
    /// The index of the symbol.
    case enumeration(Int)
    case fixed([UInt8])
    /// The index of the branch, and its value.
    case union(Int, AvroValue)
}

extension AvroValue {
    /// Decodes bytes that contain exactly one value of the schema.
    public init(decoding bytes: [UInt8], from start: Int = 0, schema: Schema) throws(AvroError) {
        self = try bytes.decodingAvro(from: start) { (decoder) throws(AvroError) in
            try decoder.value(of: schema)
        }
    }

    /// The value's Avro body.
    /// - Throws: ``AvroError/Reason/schemaMismatch`` when the value does not match the schema.
    public func encoded(as schema: Schema) throws(AvroError) -> [UInt8] {
        var encoder = AvroEncoder()
        try encoder.write(self, of: schema)
        return encoder.bytes
    }
}

extension AvroDecoder {
    /// Reads a value of the schema.
    public mutating func value(of schema: Schema) throws(AvroError) -> AvroValue {
        var reader = ValueReader(schema: schema)
        return try reader.value(schema.type, &self)
    }
}

/// Decodes values by their schema with a maximum count, because a schema may allow many values that take no bytes.
private struct ValueReader {
    let schema: Schema
    var left = 1_000_000
    var sizes: EncodedSizes

    init(schema: Schema) {
        self.schema = schema
        sizes = EncodedSizes(schema: schema)
    }

    mutating func value(_ type: SchemaType, _ decoder: inout AvroDecoder) throws(AvroError) -> AvroValue {
        left -= 1
        guard left > 0 else { throw decoder.error(.lengthOutOfBounds, "too many values") }
        switch type {
        case .null: return .null
        case .boolean: return .boolean(try decoder.boolean())
        case .int: return .int(try decoder.int())
        case .long: return .long(try decoder.long())
        case .float: return .float(try decoder.float())
        case .double: return .double(try decoder.double())
        case .bytes: return .bytes(try decoder.byteArray())
        case .string: return .string(try decoder.string())
        case .logical(_, let type): return try value(type, &decoder)
        case .array(let items):
            return .array(
                try decoder.array(itemBytesMin: sizes.bytesMin(items)) { (decoder) throws(AvroError) in
                    try value(items, &decoder)
                })
        case .map(let values):
            return .map(
                try decoder.map(valueBytesMin: sizes.bytesMin(values)) { (decoder) throws(AvroError) in
                    try value(values, &decoder)
                })
        case .union(let branches):
            let branch = try decoder.branch(of: branches.count)
            try decoder.descend()
            let inner = try value(branches[branch], &decoder)
            decoder.ascend()
            return .union(branch, inner)
        case .named(let name): return try named(name, &decoder)
        }
    }

    private mutating func named(_ name: String, _ decoder: inout AvroDecoder) throws(AvroError) -> AvroValue {
        switch schema.definitions[name] {
        case .record(let record):
            try decoder.descend()
            var fields: [AvroValue] = []
            for field in record.fields { fields.append(try value(field.type, &decoder)) }
            decoder.ascend()
            return .record(fields)
        case .enumeration(let type): return .enumeration(try decoder.symbol(of: type.symbols.count))
        case .fixed(let type): return .fixed(try decoder.fixed(count: type.size))
        case nil: throw AvroError(.malformedSchema, "\(name) is not defined")
        }
    }
}

extension AvroEncoder {
    /// Appends a value of the schema.
    public mutating func write(_ value: AvroValue, of schema: Schema) throws(AvroError) {
        try write(value, as: schema.type, in: schema)
    }

    mutating func write(_ value: AvroValue, as type: SchemaType, in schema: Schema) throws(AvroError) {
        switch (type.physical, value) {
        case (.null, .null): break
        case (.boolean, .boolean(let value)): write(value)
        case (.int, .int(let value)): write(value)
        case (.long, .long(let value)): write(value)
        case (.float, .float(let value)): write(value)
        case (.double, .double(let value)): write(value)
        case (.bytes, .bytes(let value)): write(value)
        case (.string, .string(let value)): write(value)
        case (.array(let itemType), .array(let items)):
            if !items.isEmpty { write(Int64(items.count)) }
            for item in items { try write(item, as: itemType, in: schema) }
            write(Int64(0))
        case (.map(let valueType), .map(let entries)):
            if !entries.isEmpty { write(Int64(entries.count)) }
            for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
                write(key)
                try write(value, as: valueType, in: schema)
            }
            write(Int64(0))
        case (.union(let branches), .union(let branch, let value)):
            guard branches.indices.contains(branch) else { throw AvroError(.unknownBranch, "\(branch)") }
            write(index: branch)
            try write(value, as: branches[branch], in: schema)
        case (.named(let name), _): try write(value, asNamed: name, in: schema)
        default: throw AvroError(.schemaMismatch, "not a value of \(type.branchName)")
        }
    }

    private mutating func write(_ value: AvroValue, asNamed name: String, in schema: Schema) throws(AvroError) {
        switch (schema.definitions[name], value) {
        case (.record(let record)?, .record(let values)):
            guard values.count == record.fields.count else {
                throw AvroError(.schemaMismatch, "\(name) has \(record.fields.count) fields, not \(values.count)")
            }
            for (field, value) in zip(record.fields, values) { try write(value, as: field.type, in: schema) }
        case (.enumeration(let type)?, .enumeration(let symbol)):
            guard type.symbols.indices.contains(symbol) else { throw AvroError(.unknownSymbol, name) }
            write(index: symbol)
        case (.fixed(let type)?, .fixed(let bytes)):
            guard bytes.count == type.size else {
                throw AvroError(.schemaMismatch, "\(name) has \(type.size) bytes, not \(bytes.count)")
            }
            writeRaw(bytes)
        default: throw AvroError(.schemaMismatch, "not a value of \(name)")
        }
    }
}
