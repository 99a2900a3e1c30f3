/// A reason why a reader's schema cannot read data of a writer's schema, always or in some cases.
public struct Incompatibility: Error, Equatable, Sendable, CustomStringConvertible {
    /// The rules of Avro's schema resolution.
    public enum Rule: String, Sendable {
        /// The types differ and the writer's cannot be promoted to the reader's.
        case typeMismatch = "types must be equal or promotable"
        case nameMismatch = "named types must have the same name or an alias"
        case fixedSizeMismatch = "fixed types must have the same size"
        case decimalMismatch = "decimals must have the same precision and scale"
        case logicalTypeMismatch = "a value must keep its logical type"
        case logicalTypeOnOneSide = "a value must neither gain nor lose a logical type"
        case fieldWithoutDefault = "a field the writer does not have needs a default"
        case missingSymbol = "the reader must know every symbol of the writer or have a default"
        case missingBranch = "the reader must accept every type of the writer's union"
        /// Stricter than Avro: our contracts never remove a field.
        case fieldRemoved = "a field is never removed"
        /// Stricter than Avro: our contracts never change a field's type, even where Avro could convert it.
        case fieldRetyped = "a field is never retyped"
    }

    /// The path of the field from the root: `data.role`.
    public let field: String
    public let rule: Rule
    public let detail: String

    public init(field: String, rule: Rule, detail: String) {
        self.field = field
        self.rule = rule
        self.detail = detail
    }

    /// Whether values that are not affected by the difference can still be read. A logical type on one side only is refused by our
    /// contracts; a reader then uses the underlying type, as Avro specifies. Two different logical types would change a time or an
    /// amount.
    var isConditional: Bool {
        switch rule {
        case .missingSymbol, .missingBranch, .logicalTypeOnOneSide: true
        default: false
        }
    }

    public var description: String {
        "\(field.isEmpty ? "the message" : field): \(rule.rawValue): \(detail)"
    }
}

/// Compares a writer's schema with a reader's by the rules of the Avro specification, section Schema Resolution.
struct SchemaMatch {
    let writer: Schema
    let reader: Schema

    private(set) var problems: [Incompatibility] = []
    /// Pairs of named types under comparison: a recursive type is compared once.
    private var seen: Set<[String]> = []
    private var path: [String] = []

    init(writer: Schema, reader: Schema) {
        self.writer = writer
        self.reader = reader
    }

    /// All differences found.
    static func problems(writer: Schema, reader: Schema) -> [Incompatibility] {
        var match = SchemaMatch(writer: writer, reader: reader)
        match.compare(writer.type, reader.type)
        return match.problems
    }

    private mutating func report(_ rule: Incompatibility.Rule, _ detail: String) {
        problems.append(Incompatibility(field: path.joined(separator: "."), rule: rule, detail: detail))
    }

    private mutating func compare(_ writerType: SchemaType, _ readerType: SchemaType) {
        switch (writerType.physical, readerType.physical) {
        case (.union(let branches), _):
            for branch in branches where !accepts(branch, readerType) {
                report(.missingBranch, "the reader has no \(branch.meaning)")
            }
            // Differences within a branch are checked as if the branch stood alone.
            for branch in branches where accepts(branch, readerType) { compare(branch, readerType) }
            return
        case (_, .union(let branches)):
            guard let branch = branch(for: writerType, in: branches) else {
                return report(.missingBranch, "the reader has no \(writerType.meaning)")
            }
            return compare(writerType, branches[branch])
        case (.array(let writerItems), .array(let readerItems)): compare(writerItems, readerItems)
        case (.map(let writerValues), .map(let readerValues)): compare(writerValues, readerValues)
        case (.named(let writerName), .named(let readerName)): compare(named: writerName, readerName)
        case (let physicalWriter, let physicalReader):
            guard Self.isPromotable(physicalWriter, to: physicalReader) else {
                return report(.typeMismatch, "\(writerType.branchName) cannot be read as \(readerType.branchName)")
            }
        }
        compareLogical(writerType, readerType)
    }

    /// Whether some value of a writer's branch can be read as the reader's type.
    func accepts(_ writerType: SchemaType, _ readerType: SchemaType) -> Bool {
        if case .union(let branches) = readerType.physical {
            return branch(for: writerType, in: branches) != nil
        }
        return canRead(writerType, as: readerType)
    }

    /// The reader's branch for a writer's type: the same type if present, otherwise one to which it can be promoted.
    func branch(for type: SchemaType, in branches: [SchemaType]) -> Int? {
        branches.firstIndex { $0.branchName == type.branchName && canRead(type, as: $0) }
            ?? branches.firstIndex { canRead(type, as: $0) }
    }

    static func isPromotable(_ writer: SchemaType, to reader: SchemaType) -> Bool {
        switch (writer, reader) {
        case (.int, .long), (.int, .float), (.int, .double), (.long, .float), (.long, .double), (.float, .double),
            (.string, .bytes), (.bytes, .string):
            true
        default: writer == reader
        }
    }

    private mutating func compareLogical(_ writerType: SchemaType, _ readerType: SchemaType) {
        guard writerType.logical != readerType.logical else { return }
        let detail =
            "\(writerType.logical?.name ?? "none") in the writer, \(readerType.logical?.name ?? "none") in the reader"
        switch (writerType.logical, readerType.logical) {
        case (.decimal?, .decimal?): report(.decimalMismatch, "\(writerType) read as \(readerType)")
        case (nil, _), (_, nil): report(.logicalTypeOnOneSide, detail)
        default: report(.logicalTypeMismatch, detail)
        }
    }

    // MARK: whether types can be read at all

    /// Whether some value of one type can be read as the other: there is no unconditional difference.
    ///
    /// Within a union every difference is conditional, because an unreadable branch counts as missing; so unions are not examined. This
    /// keeps the cost proportional to the size of the schemas, however deep unions nest.
    func canRead(_ writerType: SchemaType, as readerType: SchemaType) -> Bool {
        var assumed: Set<[String]> = []
        return canRead(writerType, as: readerType, &assumed)
    }

    /// - Parameter assumed: pairs of named types already visited; if one of them is unreadable, the whole is.
    private func canRead(
        _ writerType: SchemaType, as readerType: SchemaType, _ assumed: inout Set<[String]>
    ) -> Bool {
        switch (writerType.physical, readerType.physical) {
        case (.union, _), (_, .union): return true
        case (.array(let writerItems), .array(let readerItems)): return canRead(writerItems, as: readerItems, &assumed)
        case (.map(let writerValues), .map(let readerValues)): return canRead(writerValues, as: readerValues, &assumed)
        case (.named(let writerName), .named(let readerName)):
            guard canRead(named: writerName, as: readerName, &assumed) else { return false }
        case (let physicalWriter, let physicalReader):
            guard Self.isPromotable(physicalWriter, to: physicalReader) else { return false }
        }
        guard let writerMeaning = writerType.logical, let readerMeaning = readerType.logical else { return true }
        return writerMeaning == readerMeaning
    }

    private func canRead(named writerName: String, as readerName: String, _ assumed: inout Set<[String]>) -> Bool {
        guard let writerDefinition = writer.definitions[writerName],
            let readerDefinition = reader.definitions[readerName],
            assumed.insert([writerName, readerName]).inserted
        else { return true }
        guard Self.isNamed(readerDefinition, writerName) else { return false }
        switch (writerDefinition, readerDefinition) {
        case (.record(let writerRecord), .record(let readerRecord)):
            return readerRecord.fields.allSatisfy { field in
                guard let writerField = writerRecord.fields[writtenAs: field] else { return field.defaultValue != nil }
                return canRead(writerField.type, as: field.type, &assumed)
            }
        case (.fixed(let writerType), .fixed(let readerType)): return writerType.size == readerType.size
        case (.enumeration, .enumeration): return true
        default: return false
        }
    }

    // MARK: named types

    /// A reader's type matches by its name, with or without namespace, or by an alias.
    static func isNamed(_ reader: NamedType, _ writerName: String) -> Bool {
        reader.name.withoutNamespace == writerName.withoutNamespace
            || reader.aliases.contains { $0 == writerName || $0.withoutNamespace == writerName.withoutNamespace }
    }

    private mutating func compare(named writerName: String, _ readerName: String) {
        guard let writerDefinition = writer.definitions[writerName],
            let readerDefinition = reader.definitions[readerName]
        else { return }
        guard seen.insert([writerName, readerName]).inserted else { return }
        guard Self.isNamed(readerDefinition, writerName) else {
            return report(.nameMismatch, "\(writerName) read as \(readerName)")
        }
        switch (writerDefinition, readerDefinition) {
        case (.record(let writerRecord), .record(let readerRecord)): compare(writerRecord, readerRecord)
        case (.fixed(let writerType), .fixed(let readerType)):
            if writerType.size != readerType.size {
                report(.fixedSizeMismatch, "\(writerType.size) bytes read as \(readerType.size)")
            }
        case (.enumeration(let writerType), .enumeration(let readerType)):
            let missing = writerType.symbols.filter { !readerType.symbols.contains($0) }
            if !missing.isEmpty, readerType.defaultSymbol == nil {
                report(.missingSymbol, "\(readerName) lacks \(missing.joined(separator: ", "))")
            }
        default: report(.typeMismatch, "\(writerName) is another kind of type than \(readerName)")
        }
    }

    private mutating func compare(_ writerRecord: RecordType, _ readerRecord: RecordType) {
        for field in readerRecord.fields {
            path.append(field.name)
            if let writerField = writerRecord.fields[writtenAs: field] {
                compare(writerField.type, field.type)
            } else if field.defaultValue == nil {
                report(.fieldWithoutDefault, "\(writerRecord.name) does not have it")
            }
            path.removeLast()
        }
    }
}

extension SchemaType {
    /// The type name in error messages: `timestamp-micros` rather than `long`.
    fileprivate var meaning: String { logical?.name ?? branchName }
}

extension [RecordType.Field] {
    /// The index of a reader's field in the writer's record: by its name, otherwise by one of its aliases.
    func index(of readerField: RecordType.Field) -> Int? {
        firstIndex { $0.name == readerField.name } ?? firstIndex { readerField.aliases.contains($0.name) }
    }

    subscript(writtenAs readerField: RecordType.Field) -> RecordType.Field? {
        index(of: readerField).map { self[$0] }
    }
}
