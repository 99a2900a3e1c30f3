/// The minimum encoded size of each type, used to reject impossible item counts.
struct EncodedSizes {
    let schema: Schema
    private var known: [String: Int] = [:]

    init(schema: Schema) {
        self.schema = schema
    }

    mutating func bytesMin(_ type: SchemaType) -> Int {
        switch type {
        case .null: 0
        case .boolean, .int, .long, .bytes, .string, .array, .map, .union: 1
        case .float: 4
        case .double: 8
        case .logical(_, let type): bytesMin(type)
        case .named(let name): bytesMin(named: name)
        }
    }

    private mutating func bytesMin(named name: String) -> Int {
        if let known = known[name] { return known }
        // Counts as 0 during its own computation, in case the type contains itself.
        known[name] = 0
        var least = 0
        switch schema.definitions[name] {
        case .record(let record): for field in record.fields { least = min(least + bytesMin(field.type), 1 << 20) }
        case .enumeration: least = 1
        case .fixed(let type): least = type.size
        case nil: break
        }
        known[name] = least
        return least
    }
}

extension Schema {
    /// The minimum encoded size of the type.
    public func encodedBytesMin(of type: SchemaType) -> Int {
        var sizes = EncodedSizes(schema: self)
        return sizes.bytesMin(type)
    }
}
