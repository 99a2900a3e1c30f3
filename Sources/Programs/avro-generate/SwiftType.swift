import Avro

/// The Swift side of an Avro type: its name, and the statements that write and read it.
indirect enum SwiftType {
    case plain(name: String, reader: String)
    case int
    case long
    case id(String)
    /// A generated enumeration or record.
    case generated(String, isEnum: Bool)
    case array(SwiftType, itemBytesMin: Int)
    case map(SwiftType, valueBytesMin: Int)
    case optional(SwiftType)
    /// An amount; the currency is the string field that follows it.
    case money

    var name: String {
        switch self {
        case .plain(let name, _): name
        case .int: "Int32"
        case .long: "Int"
        case .id(let name): name
        case .generated(let name, _): name
        case .array(let item, _): "[\(item.name)]"
        case .map(let value, _): "[String: \(value.name)]"
        case .optional(let type): "\(type.name)?"
        case .money: "Money"
        }
    }

    /// The lines that write the value of an expression.
    func writing(_ value: String, indent: Int) -> [String] {
        let space = String(repeating: " ", count: indent)
        switch self {
        case .plain, .int: return ["\(space)encoder.write(\(value))"]
        case .long: return ["\(space)encoder.write(Int64(\(value)))"]
        case .id: return ["\(space)encoder.write(\(value).rawValue)"]
        case .generated(_, isEnum: true): return ["\(space)encoder.write(index: \(value).index)"]
        case .generated(_, isEnum: false): return ["\(space)\(value).encode(into: &encoder)"]
        case .money:
            return ["\(space)encoder.writeAmount(\(value))", "\(space)encoder.write(\(value).currency.rawValue)"]
        case .optional(let type):
            return ["\(space)if let \(value) {", "\(space)    encoder.write(index: 1)"]
                + type.writing(value, indent: indent + 4)
                + ["\(space)} else {", "\(space)    encoder.write(index: 0)", "\(space)}"]
        case .array(let item, _), .map(let item, _):
            return ["\(space)encoder.write(\(value)) { encoder, item in"]
                + item.writing("item", indent: indent + 4) + ["\(space)}"]
        }
    }

    /// The expression that reads a value, continued on further lines.
    func reading(indent: Int) -> String {
        let space = String(repeating: " ", count: indent)
        switch self {
        case .plain(_, let reader): return "try decoder.\(reader)()"
        case .int: return "try decoder.int()"
        case .long: return "Int(try decoder.long())"
        case .id(let name): return "try decoder.id(\(name).self)"
        case .generated(let name, _): return "try \(name)(from: &decoder)"
        case .money: return "try decoder.money()"
        case .optional(let type):
            return "try decoder.isPresent() ? \(type.reading(indent: indent)) : nil"
        case .array(let item, let bytesMin):
            return "try decoder.array(itemBytesMin: \(bytesMin)) { (decoder) throws(AvroError) in\n"
                + "\(space)    \(item.reading(indent: indent + 4))\n\(space)}"
        case .map(let value, let bytesMin):
            return "try decoder.map(valueBytesMin: \(bytesMin)) { (decoder) throws(AvroError) in\n"
                + "\(space)    \(value.reading(indent: indent + 4))\n\(space)}"
        }
    }
}

extension SwiftType {
    /// - Throws: ``GenerationError`` for an unsupported type.
    init(_ type: SchemaType, swiftType: String?, in schema: Schema, at place: String) throws {
        switch type {
        case .boolean: self = .plain(name: "Bool", reader: "boolean")
        case .int: self = .int
        case .long: self = .long
        case .float: self = .plain(name: "Float", reader: "float")
        case .double: self = .plain(name: "Double", reader: "double")
        case .bytes: self = .plain(name: "[UInt8]", reader: "byteArray")
        case .string: self = swiftType.map { .id($0) } ?? .plain(name: "String", reader: "string")
        case .logical(.timestampMillis, .long): self = .plain(name: "Date", reader: "date")
        case .logical(.decimal(precision: 12, scale: 2), .bytes) where swiftType == "Money": self = .money
        case .array(let items):
            self = .array(
                try SwiftType(items, swiftType: swiftType, in: schema, at: place),
                itemBytesMin: schema.encodedBytesMin(of: items))
        case .map(let values):
            self = .map(
                try SwiftType(values, swiftType: swiftType, in: schema, at: place),
                valueBytesMin: schema.encodedBytesMin(of: values))
        case .union(let branches) where branches.count == 2 && branches[0] == .null:
            self = .optional(try SwiftType(branches[1], swiftType: swiftType, in: schema, at: place))
        case .named(let name):
            switch schema.definition(name) {
            case .enumeration: self = .generated(name.withoutNamespace, isEnum: true)
            case .record: self = .generated(name.withoutNamespace, isEnum: false)
            default: throw GenerationError("\(place): the generator does not support fixed types")
            }
        default: throw GenerationError("\(place): the generator has no Swift type for \(type)")
        }
    }
}
