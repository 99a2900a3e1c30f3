extension Schema {
    /// Parses a schema's JSON.
    /// - Throws: ``AvroError`` with the place: ``AvroError/Reason/malformedJSON`` or ``AvroError/Reason/malformedSchema``.
    public init(parsing text: String) throws(AvroError) {
        let tree = try JSONTree(parsing: text)
        var parser = SchemaParser()
        let type = try parser.type(tree, namespace: "", depth: 0)
        self.init(type: type, definitions: parser.definitions, text: text)
        try checkDefaults()
    }

    /// Parses a schema from our own generator; traps on an error, which is a programmer error.
    public init(generated text: String) {
        do {
            try self.init(parsing: text)
        } catch {
            preconditionFailure("generated schema: \(error)")
        }
    }

    private func checkDefaults() throws(AvroError) {
        for case .record(let record) in definitions.values {
            for field in record.fields {
                guard let value = field.defaultValue else { continue }
                do throws(AvroError) {
                    _ = try AvroValue(default: value, as: field.type, in: self)
                } catch {
                    throw AvroError(.malformedSchema, "\(record.name).\(field.name): default: \(error.detail)")
                }
            }
        }
    }
}

/// One pass over a schema's JSON. A named type can be referenced once its definition has begun, also by itself.
private struct SchemaParser {
    var definitions: [String: NamedType] = [:]
    /// Names of types whose definition has begun.
    private var known: Set<String> = []
    private var path: [String] = []

    init() {}

    private func error(_ detail: String) -> AvroError {
        AvroError(.malformedSchema, path.isEmpty ? detail : "\(path.joined(separator: ".")): \(detail)")
    }

    private mutating func at<Value>(
        _ place: String, _ body: (inout SchemaParser) throws(AvroError) -> Value
    ) throws(AvroError) -> Value {
        path.append(place)
        let value = try body(&self)
        path.removeLast()
        return value
    }

    mutating func type(_ tree: JSONTree, namespace: String, depth: Int) throws(AvroError) -> SchemaType {
        guard depth <= AvroLimits.nestingMax else { throw error("nested deeper than \(AvroLimits.nestingMax)") }
        switch tree {
        case .string(let name): return try named(name, namespace: namespace)
        case .array(let branches): return try union(branches, namespace: namespace, depth: depth)
        case .object: return try object(tree, namespace: namespace, depth: depth)
        default: throw error("expected a type, found \(tree.kind)")
        }
    }

    private func named(_ name: String, namespace: String) throws(AvroError) -> SchemaType {
        if let primitive = Self.primitive(name) { return primitive }
        let full = try fullName(name, namespace: namespace)
        if known.contains(full) { return .named(full) }
        // A name without dots may also have no namespace.
        if !name.contains("."), known.contains(name) { return .named(name) }
        throw error("unknown type \"\(name)\"")
    }

    private static func primitive(_ name: String) -> SchemaType? {
        switch name {
        case "null": .null
        case "boolean": .boolean
        case "int": .int
        case "long": .long
        case "float": .float
        case "double": .double
        case "bytes": .bytes
        case "string": .string
        default: nil
        }
    }

    private mutating func union(
        _ branches: [JSONTree], namespace: String, depth: Int
    ) throws(AvroError) -> SchemaType {
        guard !branches.isEmpty else { throw error("a union without branches") }
        guard branches.count <= AvroLimits.membersMax else { throw error("a union with too many branches") }
        var types: [SchemaType] = []
        var kinds: Set<String> = []
        for (index, branch) in branches.enumerated() {
            let type = try at("[\(index)]") { (parser) throws(AvroError) in
                try parser.type(branch, namespace: namespace, depth: depth + 1)
            }
            if case .union = type { throw error("a union directly inside a union") }
            guard kinds.insert(type.branchName).inserted else { throw error("two branches of \(type.branchName)") }
            types.append(type)
        }
        return .union(types)
    }

    private mutating func object(_ tree: JSONTree, namespace: String, depth: Int) throws(AvroError) -> SchemaType {
        guard let kind = tree["type"] else { throw error("an object without \"type\"") }
        guard let name = kind.text else {
            // {"type": {…}}: the inner type, with the logical type of the outer object.
            return logical(tree, of: try type(kind, namespace: namespace, depth: depth + 1))
        }
        switch name {
        case "array":
            guard let items = tree["items"] else { throw error("an array without \"items\"") }
            return .array(
                try at("items") { (parser) throws(AvroError) in
                    try parser.type(items, namespace: namespace, depth: depth + 1)
                })
        case "map":
            guard let values = tree["values"] else { throw error("a map without \"values\"") }
            return .map(
                try at("values") { (parser) throws(AvroError) in
                    try parser.type(values, namespace: namespace, depth: depth + 1)
                })
        case "record", "error": return try record(tree, namespace: namespace, depth: depth)
        case "enum": return try enumeration(tree, namespace: namespace)
        case "fixed": return try fixed(tree, namespace: namespace)
        default: return logical(tree, of: try named(name, namespace: namespace))
        }
    }

    // MARK: named types

    /// The full name of a definition, which must be new, and its namespace.
    private mutating func define(_ tree: JSONTree, namespace: String) throws(AvroError) -> (String, String) {
        guard let name = tree["name"]?.text else { throw error("a named type without \"name\"") }
        let full = try fullName(name, namespace: tree["namespace"]?.text ?? namespace)
        guard Self.primitive(full) == nil else { throw error("\(full) is a primitive type's name") }
        guard known.insert(full).inserted else { throw error("\(full) is defined twice") }
        guard known.count <= AvroLimits.definitionsMax else { throw error("too many definitions") }
        return (full, full.split(separator: ".").dropLast().joined(separator: "."))
    }

    private func fullName(_ name: String, namespace: String) throws(AvroError) -> String {
        let full = name.contains(".") || namespace.isEmpty ? name : "\(namespace).\(name)"
        let parts = full.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.allSatisfy(Self.isName) else { throw error("\"\(full)\" is not a name") }
        return full
    }

    private static func isName(_ name: Substring) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            (65...90).contains(byte) || (97...122).contains(byte) || (48...57).contains(byte) || byte == 95
        }
    }

    private func aliases(_ tree: JSONTree, namespace: String?) throws(AvroError) -> [String] {
        guard let list = tree["aliases"] else { return [] }
        guard let items = list.items else { throw error("\"aliases\" is \(list.kind)") }
        var names: [String] = []
        for item in items {
            guard let name = item.text else { throw error("an alias that is \(item.kind)") }
            names.append(try fullName(name, namespace: namespace ?? ""))
        }
        return names
    }

    private mutating func record(_ tree: JSONTree, namespace: String, depth: Int) throws(AvroError) -> SchemaType {
        let (name, space) = try define(tree, namespace: namespace)
        guard let members = tree["fields"]?.items else { throw error("record \(name) without \"fields\"") }
        guard members.count <= AvroLimits.membersMax else { throw error("record \(name) has too many fields") }
        let fields = try at(name.withoutNamespace) { (parser) throws(AvroError) in
            var fields: [RecordType.Field] = []
            var names: Set<String> = []
            for member in members {
                let field = try parser.field(member, namespace: space, depth: depth)
                guard names.insert(field.name).inserted else { throw parser.error("field \(field.name) appears twice") }
                fields.append(field)
            }
            return fields
        }
        definitions[name] = .record(
            RecordType(
                name: name, aliases: try aliases(tree, namespace: space), documentation: tree["doc"]?.text,
                fields: fields))
        return .named(name)
    }

    private mutating func field(
        _ tree: JSONTree, namespace: String, depth: Int
    ) throws(AvroError) -> RecordType.Field {
        guard case .object(let members) = tree, let name = tree["name"]?.text else {
            throw error("a field without \"name\"")
        }
        guard Self.isName(name[...]) else { throw error("\"\(name)\" is not a field's name") }
        guard let typeTree = tree["type"] else { throw error("field \(name) without \"type\"") }
        let type = try at(name) { (parser) throws(AvroError) in
            try parser.type(typeTree, namespace: namespace, depth: depth + 1)
        }
        let defined = ["name", "type", "doc", "default", "aliases", "order"]
        let others = members.filter { !defined.contains($0.name) }
        return RecordType.Field(
            name: name, aliases: try aliases(tree, namespace: nil), documentation: tree["doc"]?.text,
            type: type, defaultValue: tree["default"],
            attributes: Dictionary(others.map { ($0.name, $0.value) }) { first, _ in first })
    }

    private mutating func enumeration(_ tree: JSONTree, namespace: String) throws(AvroError) -> SchemaType {
        let (name, space) = try define(tree, namespace: namespace)
        guard let items = tree["symbols"]?.items, !items.isEmpty else {
            throw error("enum \(name) without \"symbols\"")
        }
        guard items.count <= AvroLimits.membersMax else { throw error("enum \(name) has too many symbols") }
        var symbols: [String] = []
        for item in items {
            guard let symbol = item.text, Self.isName(symbol[...]) else {
                throw error("enum \(name) has a symbol that is not a name")
            }
            guard !symbols.contains(symbol) else { throw error("enum \(name) has \(symbol) twice") }
            symbols.append(symbol)
        }
        var defaultSymbol: String?
        if let tree = tree["default"] {
            guard let symbol = tree.text, symbols.contains(symbol) else {
                throw error("enum \(name): the default is not one of its symbols")
            }
            defaultSymbol = symbol
        }
        definitions[name] = .enumeration(
            EnumType(
                name: name, aliases: try aliases(tree, namespace: space), documentation: tree["doc"]?.text,
                symbols: symbols, defaultSymbol: defaultSymbol))
        return .named(name)
    }

    private mutating func fixed(_ tree: JSONTree, namespace: String) throws(AvroError) -> SchemaType {
        let (name, space) = try define(tree, namespace: namespace)
        guard let size = tree["size"]?.integer, (0...Int64(AvroLimits.schemaBytesMax)).contains(size) else {
            throw error("fixed \(name): \"size\" is missing or out of range")
        }
        definitions[name] = .fixed(
            FixedType(name: name, aliases: try aliases(tree, namespace: space), size: Int(size)))
        return logical(tree, of: .named(name))
    }

    // MARK: logical types

    private func logical(_ tree: JSONTree, of type: SchemaType) -> SchemaType {
        guard let name = tree["logicalType"]?.text else { return type }
        let meaning: LogicalType? =
            switch (name, type) {
            case ("timestamp-millis", .long): .timestampMillis
            case ("timestamp-micros", .long): .timestampMicros
            case ("time-micros", .long): .timeMicros
            case ("time-millis", .int): .timeMillis
            case ("date", .int): .date
            case ("uuid", .string): .uuid
            case ("decimal", .bytes), ("decimal", .named): decimal(tree, of: type)
            default: nil
            }
        return meaning.map { .logical($0, type) } ?? type
    }

    private func decimal(_ tree: JSONTree, of type: SchemaType) -> LogicalType? {
        if case .named(let name) = type {
            guard case .fixed? = definitions[name] else { return nil }
        }
        let digits = Int64(AvroLimits.decimalDigitsMax)
        guard let precision = tree["precision"]?.integer, (1...digits).contains(precision) else { return nil }
        guard let scale = tree["scale"] == nil ? 0 : tree["scale"]?.integer, (0...precision).contains(scale) else {
            return nil
        }
        return .decimal(precision: Int(precision), scale: Int(scale))
    }
}
