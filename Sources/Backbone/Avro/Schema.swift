/// An Avro schema: a type, and the definitions of its named types.
public struct Schema: Equatable, Sendable {
    public let type: SchemaType
    /// Keyed by full name.
    public let definitions: [String: NamedType]
    /// The JSON from which it was parsed.
    public let text: String

    init(type: SchemaType, definitions: [String: NamedType], text: String) {
        self.type = type
        self.definitions = definitions
        self.text = text
    }

    /// The type a reference resolves to.
    public func definition(_ name: String) -> NamedType? { definitions[name] }

    /// The root type when it is a record.
    public var record: RecordType? {
        guard case .named(let name) = type, case .record(let record)? = definitions[name] else { return nil }
        return record
    }

    /// The JSON on one line, as registered.
    public var compactText: String {
        // The JSON was parsed before, so it parses again.
        (try? JSONTree(parsing: text))?.compactText() ?? text
    }

    /// Equal when both have the same types; the JSON text may differ.
    public static func == (left: Schema, right: Schema) -> Bool {
        left.type == right.type && left.definitions == right.definitions
    }
}

/// The type of a value. Records, enumerations and fixed types are referenced by full name, so that types may be recursive.
public indirect enum SchemaType: Equatable, Sendable {
    case null, boolean, int, long, float, double, bytes, string
    case array(SchemaType)
    case map(SchemaType)
    case union([SchemaType])
    case named(String)
    case logical(LogicalType, SchemaType)

    /// The underlying type without the logical type.
    public var physical: SchemaType {
        if case .logical(_, let type) = self { return type.physical }
        return self
    }

    public var logical: LogicalType? {
        if case .logical(let logical, _) = self { return logical }
        return nil
    }
}

/// The logical type. Unknown logical types, and those on an unsuitable type, are ignored, as Avro requires.
public enum LogicalType: Equatable, Sendable {
    case timestampMillis, timestampMicros, date, timeMillis, timeMicros, uuid
    case decimal(precision: Int, scale: Int)

    public var name: String {
        switch self {
        case .timestampMillis: "timestamp-millis"
        case .timestampMicros: "timestamp-micros"
        case .date: "date"
        case .timeMillis: "time-millis"
        case .timeMicros: "time-micros"
        case .uuid: "uuid"
        case .decimal: "decimal"
        }
    }
}

/// A type with a name.
public enum NamedType: Equatable, Sendable {
    case record(RecordType)
    case enumeration(EnumType)
    case fixed(FixedType)

    /// With its namespace.
    public var name: String {
        switch self {
        case .record(let type): type.name
        case .enumeration(let type): type.name
        case .fixed(let type): type.name
        }
    }

    /// Other full names that a writer may use for it.
    public var aliases: [String] {
        switch self {
        case .record(let type): type.aliases
        case .enumeration(let type): type.aliases
        case .fixed(let type): type.aliases
        }
    }
}

/// A record: named fields in a fixed order.
public struct RecordType: Equatable, Sendable {
    public var name: String
    public var aliases: [String]
    public var documentation: String?
    public var fields: [Field]

    public struct Field: Equatable, Sendable {
        public var name: String
        public var aliases: [String]
        public var documentation: String?
        public var type: SchemaType
        /// In Avro's notation for defaults: a value of a union's first branch, bytes as text of the characters 0 to 255.
        public var defaultValue: JSONTree?
        /// Members that Avro does not define, such as those read by our generator.
        public var attributes: [String: JSONTree]
    }

    public func field(_ name: String) -> Field? {
        fields.first { $0.name == name }
    }
}

/// An enumeration.
public struct EnumType: Equatable, Sendable {
    public var name: String
    public var aliases: [String]
    public var documentation: String?
    public var symbols: [String]
    /// The symbol that replaces symbols unknown to a reader.
    public var defaultSymbol: String?
}

/// A fixed number of bytes.
public struct FixedType: Equatable, Sendable {
    public var name: String
    public var aliases: [String]
    /// In bytes.
    public var size: Int
}

extension String {
    /// A full name without its namespace.
    public var withoutNamespace: String {
        split(separator: ".").last.map(String.init) ?? self
    }
}
