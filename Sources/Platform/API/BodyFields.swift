internal import Avro
public import Contracts
internal import HTTP

/// A request body that is read field by field; all field errors are collected before it is refused.
public protocol RequestBody: Sendable {
    init(_ fields: inout BodyFields)
}

/// Reads the fields of a JSON object into a ``RequestBody``.
///
/// Each reader takes a field by name and collects its errors. For an invalid field it returns a placeholder that is never used, because
/// a body with errors is refused. A field that no reader asked for is an error too, so that read-only and misspelt fields are not ignored.
public struct BodyFields {
    private let object: [String: JSONTree]
    private var known: Set<String> = []
    private var errors: [Problem.FieldError] = []

    /// - Parameter members: unique names.
    init(_ members: [JSONTree.Member]) {
        object = Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first }
    }

    /// Whether the field exists, even if null.
    public mutating func contains(_ name: String) -> Bool {
        known.insert(name)
        return object[name] != nil
    }

    /// A required text. Leading and trailing whitespace is removed unless `trimmed` is false.
    /// - Parameter length: in characters.
    public mutating func string(_ name: String, length: ClosedRange<Int>, trimmed: Bool = true) -> String {
        guard let node = required(name) else { return "" }
        return text(node, name, length, trimmed) ?? ""
    }

    /// An optional text (missing or null).
    public mutating func optionalString(_ name: String, length: ClosedRange<Int>, trimmed: Bool = true) -> String? {
        optional(name).flatMap { text($0, name, length, trimmed) }
    }

    /// A required case of an enum of texts.
    public mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, of type: Choice.Type, else standIn: Choice
    ) -> Choice {
        guard let node = required(name) else { return standIn }
        if case .string(let text) = node, let choice = Choice(rawValue: text) { return choice }
        complain(name, "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        return standIn
    }

    /// A required integer.
    public mutating func int(_ name: String, in range: ClosedRange<Int>) -> Int {
        required(name).flatMap { int($0, name, range) } ?? range.lowerBound
    }

    /// An optional integer (missing or null).
    public mutating func optionalInt(_ name: String, in range: ClosedRange<Int>) -> Int? {
        optional(name).flatMap { int($0, name, range) }
    }

    /// A required number.
    public mutating func number(_ name: String, in range: ClosedRange<Double>) -> Double {
        required(name).flatMap { number($0, name, range) } ?? range.lowerBound
    }

    /// An optional number (missing or null).
    public mutating func optionalNumber(_ name: String, in range: ClosedRange<Double>) -> Double? {
        optional(name).flatMap { number($0, name, range) }
    }

    public mutating func optionalBool(_ name: String) -> Bool? {
        guard let node = optional(name) else { return nil }
        if case .bool(let value) = node { return value }
        complain(name, "must be true or false")
        return nil
    }

    /// A required typed id.
    public mutating func id<ID: HubID>(_ name: String, as type: ID.Type = ID.self) -> ID {
        required(name).flatMap { id($0, name) } ?? ID(checked: "")
    }

    /// An optional typed id (missing or null).
    public mutating func optionalID<ID: HubID>(_ name: String, as type: ID.Type = ID.self) -> ID? {
        optional(name).flatMap { id($0, name) }
    }

    /// A required list of typed ids.
    public mutating func ids<ID: HubID>(_ name: String, count: ClosedRange<Int>, as type: ID.Type = ID.self) -> [ID] {
        nodes(name, count).enumerated().compactMap { index, node in id(node, "\(name)[\(index)]") }
    }

    /// An optional list of texts (missing or null).
    /// - Parameter length: of each, in characters.
    public mutating func optionalStrings(
        _ name: String, count: ClosedRange<Int>, length: ClosedRange<Int>
    ) -> [String]? {
        if optional(name) == nil { return nil }
        return nodes(name, count).enumerated().compactMap { index, node in text(node, "\(name)[\(index)]", length, true)
        }
    }

    /// A required list of objects, each read like a body. Errors name the path: `questions[0].text`.
    public mutating func list<Item: RequestBody>(
        _ name: String, count: ClosedRange<Int>, of type: Item.Type = Item.self
    ) -> [Item] {
        nodes(name, count).enumerated().compactMap { index, node in
            let place = "\(name)[\(index)]"
            guard case .object(let members) = node else {
                complain(place, "must be an object")
                return nil
            }
            var fields = BodyFields(members)
            let item = Item(&fields)
            for error in fields.complaints { complain("\(place).\(error.field)", error.message) }
            return item
        }
    }

    /// Adds an error of the caller about a field.
    public mutating func complain(_ name: String, _ message: String) {
        errors.append(Problem.FieldError(field: name, message: message))
    }

    /// - Throws: the `invalid-body` problem with all errors.
    func finish() throws(Problem) {
        let complaints = complaints
        if !complaints.isEmpty { throw .invalidBody(complaints) }
    }

    private var complaints: [Problem.FieldError] {
        let unknown = object.keys.filter { !known.contains($0) }.sorted()
        return errors + unknown.map { Problem.FieldError(field: $0, message: "is not a field of this request") }
    }

    private mutating func required(_ name: String) -> JSONTree? {
        if let node = optional(name) { return node }
        complain(name, "is required")
        return nil
    }

    private mutating func optional(_ name: String) -> JSONTree? {
        known.insert(name)
        guard let node = object[name] else { return nil }
        if case .null = node { return nil }
        return node
    }

    private mutating func int(_ node: JSONTree, _ name: String, _ range: ClosedRange<Int>) -> Int? {
        if let number = node.integer.flatMap(Int.init(exactly:)), range.contains(number) { return number }
        complain(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    private mutating func number(_ node: JSONTree, _ name: String, _ range: ClosedRange<Double>) -> Double? {
        if case .number(let digits) = node, let number = Double(digits), range.contains(number) { return number }
        complain(name, "must be a number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    private mutating func nodes(_ name: String, _ count: ClosedRange<Int>) -> [JSONTree] {
        guard let node = required(name) else { return [] }
        if let nodes = node.items, count.contains(nodes.count) { return nodes }
        complain(name, "must be a list of \(count.lowerBound) to \(count.upperBound) items")
        return []
    }

    private mutating func id<ID: HubID>(_ node: JSONTree, _ name: String) -> ID? {
        if let id = node.text.flatMap(ID.init(rawValue:)) { return id }
        complain(name, "must be an id that begins with \(ID.prefix)_")
        return nil
    }

    private mutating func text(_ node: JSONTree, _ name: String, _ length: ClosedRange<Int>, _ trimmed: Bool) -> String?
    {
        guard case .string(let raw) = node else {
            complain(name, "must be a string")
            return nil
        }
        let text = trimmed ? String(raw.trimmed()) : raw
        if text.unicodeScalars.contains(where: { $0.value == 0 }) {
            complain(name, "must not contain a NUL character")
            return nil
        }
        guard length.contains(text.count), text.utf8.count <= length.upperBound * 8 else {
            complain(name, Self.lengthMessage(text.count, length))
            return nil
        }
        return text
    }

    private static func lengthMessage(_ count: Int, _ length: ClosedRange<Int>) -> String {
        if count == 0 { return "must not be empty" }
        return count < length.lowerBound
            ? "must have at least \(length.lowerBound) characters"
            : "must have at most \(length.upperBound) characters"
    }
}
