/// An Avro schema: a type, and the definitions of the named types it refers to.
public struct Schema: Equatable, Sendable {
    public let type: SchemaType
    /// By full name.
    public let definitions: [String: NamedType]
    /// The JSON it was parsed from.
    public let text: String

    init(type: SchemaType, definitions: [String: NamedType], text: String) {
        self.type = type
        self.definitions = definitions
        self.text = text
    }

    /// The type a reference leads to.
    public func definition(_ name: String) -> NamedType? { definitions[name] }

    /// The record at the root, when it is one.
    public var record: RecordType? {
        guard case .named(let name) = type, case .record(let record)? = definitions[name] else { return nil }
        return record
    }

    /// The JSON on one line, as it is registered.
    public var compactText: String {
        // Parsed before, so it parses again.
        (try? JSONTree(parsing: text))?.compactText() ?? text
    }

    /// Equal when both have the same types, whatever their JSON looks like.
    public static func == (left: Schema, right: Schema) -> Bool {
        left.type == right.type && left.definitions == right.definitions
    }
}

/// The type of a value. Records, enumerations and fixed types are referred to by full name, so that types may recur.
public indirect enum SchemaType: Equatable, Sendable {
    case null, boolean, int, long, float, double, bytes, string
    case array(SchemaType)
    case map(SchemaType)
    case union([SchemaType])
    case named(String)
    case logical(LogicalType, SchemaType)

    /// The type without its logical meaning: what the bytes look like.
    public var physical: SchemaType {
        if case .logical(_, let type) = self { return type.physical }
        return self
    }

    public var logical: LogicalType? {
        if case .logical(let logical, _) = self { return logical }
        return nil
    }
}

/// What a value means beyond its bytes. An unknown logical type, or one on a type it does not fit, is ignored, as Avro asks.
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

    /// Other full names under which a writer may know it.
    public var aliases: [String] {
        switch self {
        case .record(let type): type.aliases
        case .enumeration(let type): type.aliases
        case .fixed(let type): type.aliases
        }
    }
}

/// Named fields in a fixed order.
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
        /// In the form Avro gives defaults: of a union's first branch, bytes as text of the characters 0 to 255.
        public var defaultValue: JSONTree?
        /// Members Avro does not define, for example those our generator reads.
        public var attributes: [String: JSONTree]
    }

    public func field(_ name: String) -> Field? {
        fields.first { $0.name == name }
    }
}

/// One symbol out of a closed list.
public struct EnumType: Equatable, Sendable {
    public var name: String
    public var aliases: [String]
    public var documentation: String?
    public var symbols: [String]
    /// The symbol a reader takes for one it does not know.
    public var defaultSymbol: String?
}

/// So many bytes, always.
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
