extension AvroValue {
    /// The JSON form of a message: ISO-8601 times in UTC, decimals as exact numbers, nullable values as themselves or `null`. Fields
    /// whose value is a default of null are omitted. A union of several types is `{"type": value}`.
    public func json(of schema: Schema) throws(AvroError) -> JSONTree {
        try json(as: schema.type, in: schema)
    }

    private func json(as type: SchemaType, in schema: Schema) throws(AvroError) -> JSONTree {
        if let logical = type.logical, let tree = try json(meaning: logical) { return tree }
        switch (type.physical, self) {
        case (.null, .null): return .null
        case (.boolean, .boolean(let value)): return .bool(value)
        case (.int, .int(let value)): return .number(String(value))
        case (.long, .long(let value)): return .number(String(value))
        case (.float, .float(let value)): return Self.json(value, isFinite: value.isFinite)
        case (.double, .double(let value)): return Self.json(value, isFinite: value.isFinite)
        case (.bytes, .bytes(let value)): return .string(Self.latin(value))
        case (.string, .string(let value)): return .string(value)
        case (.array(let itemType), .array(let values)):
            var items: [JSONTree] = []
            for value in values { items.append(try value.json(as: itemType, in: schema)) }
            return .array(items)
        case (.map(let valueType), .map(let entries)):
            var members: [JSONTree.Member] = []
            for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
                members.append(.init(key, try value.json(as: valueType, in: schema)))
            }
            return .object(members)
        case (.union(let branches), .union(let branch, let value)):
            guard branches.indices.contains(branch) else { throw AvroError(.unknownBranch, "\(branch)") }
            let tree = try value.json(as: branches[branch], in: schema)
            if branches[branch] == .null || branches.filter({ $0 != .null }).count == 1 { return tree }
            return .object([.init(branches[branch].branchName, tree)])
        case (.named(let name), _): return try json(asNamed: name, in: schema)
        default: throw AvroError(.schemaMismatch, "not a value of \(type.branchName)")
        }
    }

    private func json(asNamed name: String, in schema: Schema) throws(AvroError) -> JSONTree {
        switch (schema.definitions[name], self) {
        case (.record(let record)?, .record(let values)):
            guard values.count == record.fields.count else { throw AvroError(.schemaMismatch, "\(name): other fields") }
            var members: [JSONTree.Member] = []
            for (field, value) in zip(record.fields, values) {
                let tree = try value.json(as: field.type, in: schema)
                if tree == .null, field.defaultValue == .null { continue }
                members.append(.init(field.name, tree))
            }
            return .object(members)
        case (.enumeration(let type)?, .enumeration(let symbol)):
            guard type.symbols.indices.contains(symbol) else { throw AvroError(.unknownSymbol, name) }
            return .string(type.symbols[symbol])
        case (.fixed?, .fixed(let bytes)): return .string(Self.latin(bytes))
        default: throw AvroError(.schemaMismatch, "not a value of \(name)")
        }
    }

    /// The value as its logical type; nil when it is shown as its plain type, for example a time out of range.
    private func json(meaning logical: LogicalType) throws(AvroError) -> JSONTree? {
        switch (logical, self) {
        case (.timestampMillis, .long(let value)):
            return ISO8601.text(millisecondsSince1970: value).map { .string($0) }
        case (.decimal(let precision, let scale), .bytes(let bytes)),
            (.decimal(let precision, let scale), .fixed(let bytes)):
            guard let decimal = AvroDecimal(bytes: bytes, scale: scale), decimal.fits(precision: precision) else {
                throw AvroError(.invalidValue, "not a decimal of \(precision) digits")
            }
            return .number(decimal.description)
        default: return nil
        }
    }

    private static func json(_ value: some CustomStringConvertible, isFinite: Bool) -> JSONTree {
        guard isFinite else { return .string(value.description) }
        var digits = value.description
        if digits.hasSuffix(".0") { digits.removeLast(2) }
        return .number(digits)
    }

    /// Bytes as the characters 0 to 255, as in Avro's JSON encoding.
    private static func latin(_ bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(Unicode.Scalar(byte)) }
        return String(text)
    }
}

extension AvroValue {
    /// Parses the JSON form of ``json(of:)``. Missing fields take their defaults.
    /// - Throws: ``AvroError/Reason/schemaMismatch`` or ``AvroError/Reason/invalidValue``, naming the field.
    public init(json tree: JSONTree, schema: Schema) throws(AvroError) {
        self = try JSONReader(schema: schema, readsDefaults: false).value(tree, schema.type, depth: 0)
    }

    /// A field's default, in the notation of schemas.
    init(default tree: JSONTree, as type: SchemaType, in schema: Schema) throws(AvroError) {
        self = try JSONReader(schema: schema, readsDefaults: true).value(tree, type, depth: 0)
    }
}

private struct JSONReader {
    let schema: Schema
    /// Defaults ignore logical types and belong to a union's first branch.
    let readsDefaults: Bool

    private func mismatch(_ type: SchemaType, _ tree: JSONTree) -> AvroError {
        AvroError(.schemaMismatch, "expected \(type.branchName), found \(tree.kind)")
    }

    func value(_ tree: JSONTree, _ type: SchemaType, depth: Int) throws(AvroError) -> AvroValue {
        guard depth <= AvroLimits.nestingMax else { throw AvroError(.tooDeep) }
        if !readsDefaults, let logical = type.logical, let value = try value(tree, logical, type.physical) {
            return value
        }
        switch (type.physical, tree) {
        case (.null, .null): return .null
        case (.boolean, .bool(let value)): return .boolean(value)
        case (.int, .number(let digits)):
            guard let value = Int32(digits) else { throw AvroError(.invalidValue, "\(digits) is not an int") }
            return .int(value)
        case (.long, .number(let digits)):
            guard let value = Int64(digits) else { throw AvroError(.invalidValue, "\(digits) is not a long") }
            return .long(value)
        case (.float, .number(let text)), (.float, .string(let text)):
            guard let value = Float(text) else { throw mismatch(type, tree) }
            return .float(value)
        case (.double, .number(let text)), (.double, .string(let text)):
            guard let value = Double(text) else { throw mismatch(type, tree) }
            return .double(value)
        case (.bytes, .string(let text)): return .bytes(try latin(text))
        case (.string, .string(let text)): return .string(text)
        case (.array(let itemType), .array(let items)):
            var values: [AvroValue] = []
            for item in items { values.append(try value(item, itemType, depth: depth + 1)) }
            return .array(values)
        case (.map(let valueType), .object(let members)):
            var entries: [String: AvroValue] = [:]
            for member in members { entries[member.name] = try value(member.value, valueType, depth: depth + 1) }
            return .map(entries)
        case (.union(let branches), _): return try union(tree, branches, depth: depth)
        case (.named(let name), _): return try named(tree, name, depth: depth)
        default: throw mismatch(type, tree)
        }
    }

    private func union(_ tree: JSONTree, _ branches: [SchemaType], depth: Int) throws(AvroError) -> AvroValue {
        if readsDefaults { return .union(0, try value(tree, branches[0], depth: depth + 1)) }
        let others = branches.indices.filter { branches[$0] != .null }
        if tree == .null, let null = branches.firstIndex(of: .null) { return .union(null, .null) }
        if others.count == 1 { return .union(others[0], try value(tree, branches[others[0]], depth: depth + 1)) }
        guard case .object(let members) = tree, members.count == 1,
            let branch = others.first(where: { branches[$0].branchName == members[0].name })
        else { throw AvroError(.schemaMismatch, "expected an object that names one of the union's types") }
        return .union(branch, try value(members[0].value, branches[branch], depth: depth + 1))
    }

    private func named(_ tree: JSONTree, _ name: String, depth: Int) throws(AvroError) -> AvroValue {
        switch (schema.definitions[name], tree) {
        case (.record(let record)?, .object(let members)):
            var values: [AvroValue] = []
            for field in record.fields {
                do throws(AvroError) {
                    if let member = tree[field.name] {
                        values.append(try value(member, field.type, depth: depth + 1))
                    } else if let fallback = field.defaultValue {
                        values.append(try AvroValue(default: fallback, as: field.type, in: schema))
                    } else {
                        throw AvroError(.schemaMismatch, "missing")
                    }
                } catch {
                    throw AvroError(error.reason, "\(field.name): \(error.detail)")
                }
            }
            let known = Set(record.fields.map(\.name))
            if let stranger = members.first(where: { !known.contains($0.name) }) {
                throw AvroError(.schemaMismatch, "\(name) has no field \(stranger.name)")
            }
            return .record(values)
        case (.enumeration(let type)?, .string(let symbol)):
            guard let index = type.symbols.firstIndex(of: symbol) else {
                throw AvroError(.unknownSymbol, "\(name) has no symbol \(symbol)")
            }
            return .enumeration(index)
        case (.fixed(let type)?, .string(let text)):
            let bytes = try latin(text)
            guard bytes.count == type.size else { throw AvroError(.invalidValue, "\(name) has \(type.size) bytes") }
            return .fixed(bytes)
        default: throw mismatch(.named(name), tree)
        }
    }

    private func value(_ tree: JSONTree, _ logical: LogicalType, _ type: SchemaType) throws(AvroError) -> AvroValue? {
        switch (logical, tree) {
        case (.timestampMillis, .string(let text)):
            guard let value = ISO8601.milliseconds(text) else {
                throw AvroError(.invalidValue, "not an ISO-8601 time in UTC")
            }
            return .long(value)
        case (.decimal(let precision, let scale), .number(let text)):
            guard let decimal = AvroDecimal(text, scale: scale), decimal.fits(precision: precision) else {
                throw AvroError(.invalidValue, "not a decimal of \(precision) digits, \(scale) after the point")
            }
            guard case .named(let name) = type else { return .bytes(decimal.bytes) }
            guard case .fixed(let fixed)? = schema.definitions[name], let bytes = decimal.bytes(count: fixed.size)
            else {
                throw AvroError(.invalidValue, "does not fit \(name)")
            }
            return .fixed(bytes)
        default: return nil
        }
    }

    private func latin(_ text: String) throws(AvroError) -> [UInt8] {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else {
                throw AvroError(.invalidValue, "bytes are written with the characters 0 to 255")
            }
            bytes.append(byte)
        }
        return bytes
    }
}

extension AvroDecimal {
    /// Sign-extends to that many bytes; nil when they are too few.
    func bytes(count: Int) -> [UInt8]? {
        let least = bytes
        guard least.count <= count else { return nil }
        return [UInt8](repeating: unscaled < 0 ? 0xff : 0, count: count - least.count) + least
    }
}
