/// Compiles a pair of schemas that ``SchemaMatch`` found compatible.
struct ResolutionCompiler {
    private typealias Step = ResolutionCode.Step

    /// The code for one value: a plain copy, or separate steps.
    private enum Part {
        case same(SchemaType)
        case steps([Step])
    }

    private struct Pair: Hashable {
        let writer: String
        let reader: String
    }

    let writer: Schema
    let reader: Schema
    private(set) var code = ResolutionCode()
    private var recordPrograms: [Pair: Int32] = [:]
    private var passPrograms: [String: Int32] = [:]
    private var sizes: EncodedSizes

    init(writer: Schema, reader: Schema) {
        self.writer = writer
        self.reader = reader
        sizes = EncodedSizes(schema: writer)
    }

    mutating func compile() throws(AvroError) {
        let whole = try part(writer.type, reader.type)
        code.start = program(of: [whole])
    }

    // MARK: programs

    private mutating func add(_ steps: [Step]) -> Int32 {
        let number = reserve()
        fill(number, with: steps)
        return number
    }

    /// Reserves a program's number before its steps are known, for recursive types.
    private mutating func reserve() -> Int32 {
        code.programs.append(0..<0)
        return Int32(code.programs.count - 1)
    }

    /// Adjacent values of fixed size are skipped in one step.
    private mutating func fill(_ number: Int32, with steps: [Step]) {
        let first = code.steps.count
        for step in steps {
            if step.action == .passFixed, code.steps.count > first, let last = code.steps.last,
                last.action == .passFixed
            {
                let (both, overflows) = last.operand.addingReportingOverflow(step.operand)
                if !overflows {
                    code.steps[code.steps.count - 1].operand = both
                    continue
                }
            }
            code.steps.append(step)
        }
        code.programs[Int(number)] = first..<code.steps.count
    }

    private mutating func program(of parts: [Part]) -> Int32 {
        add(steps(of: parts))
    }

    /// The parts in order; adjacent copies are merged.
    private mutating func steps(of parts: [Part]) -> [Step] {
        var result: [Step] = []
        var copied: [Step] = []
        func finishCopy(_ compiler: inout ResolutionCompiler) {
            guard !copied.isEmpty else { return }
            result.append(Step(action: .copy, operand: compiler.add(copied)))
            copied = []
        }
        for part in parts {
            switch part {
            case .same(let type): copied += passing(type)
            case .steps(let steps):
                finishCopy(&self)
                result += steps
            }
        }
        finishCopy(&self)
        return result
    }

    // MARK: skipping a value

    private mutating func passing(_ type: SchemaType) -> [Step] {
        switch type {
        case .null: return []
        case .boolean: return [Step(action: .passFixed, operand: 1)]
        case .int, .long: return [Step(action: .passVarint)]
        case .float: return [Step(action: .passFixed, operand: 4)]
        case .double: return [Step(action: .passFixed, operand: 8)]
        case .bytes, .string: return [Step(action: .passText)]
        case .logical(_, let type): return passing(type)
        case .array(let items):
            let items = (program: add(passing(items)), bytesMin: sizes.bytesMin(items))
            return [Step(action: .passArray, operand: items.program, itemBytesMin: Int32(items.bytesMin))]
        case .map(let values):
            let values = (program: add(passing(values)), bytesMin: sizes.bytesMin(values) + 1)
            return [Step(action: .passMap, operand: values.program, itemBytesMin: Int32(values.bytesMin))]
        case .union(let branches):
            var table: [Int32] = []
            for branch in branches { table.append(add(passing(branch))) }
            return [Step(action: .passUnion, operand: add(table: table))]
        case .named(let name):
            switch writer.definitions[name] {
            case .record(let record): return [Step(action: .passProgram, operand: passProgram(of: record))]
            case .enumeration: return [Step(action: .passVarint)]
            case .fixed(let type): return [Step(action: .passFixed, operand: Int32(type.size))]
            case nil: return []
            }
        }
    }

    private mutating func passProgram(of record: RecordType) -> Int32 {
        if let known = passPrograms[record.name] { return known }
        let number = reserve()
        passPrograms[record.name] = number
        var steps: [Step] = []
        for field in record.fields { steps += passing(field.type) }
        fill(number, with: steps)
        return number
    }

    private mutating func add(table: [Int32]) -> Int32 {
        code.tables.append(table)
        return Int32(code.tables.count - 1)
    }

    private mutating func inserting(_ bytes: [UInt8]) -> Step {
        code.constants.append(bytes)
        return Step(action: .insert, operand: Int32(code.constants.count - 1))
    }

    // MARK: reading one type as another

    private mutating func part(_ writerType: SchemaType, _ readerType: SchemaType) throws(AvroError) -> Part {
        if isSame(writerType, readerType) { return .same(writerType) }
        switch (writerType.physical, readerType.physical) {
        case (.union(let branches), _):
            var table: [Int32] = []
            let match = SchemaMatch(writer: writer, reader: reader)
            for branch in branches {
                let isReadable = match.accepts(branch, readerType)
                table.append(isReadable ? program(of: [try part(branch, readerType)]) : -1)
            }
            return .steps([Step(action: .union, operand: add(table: table))])
        case (_, .union(let branches)):
            let match = SchemaMatch(writer: writer, reader: reader)
            guard let branch = match.branch(for: writerType, in: branches) else {
                throw AvroError(.incompatibleSchemas, "no branch for \(writerType.branchName)")
            }
            var encoder = AvroEncoder(bytesExpected: 4)
            encoder.write(index: branch)
            let inner = try part(writerType, branches[branch])
            return .steps([inserting(encoder.bytes)] + steps(of: [inner]))
        case (.array(let writerItems), .array(let readerItems)):
            let program = program(of: [try part(writerItems, readerItems)])
            let bytesMin = Int32(sizes.bytesMin(writerItems))
            return .steps([Step(action: .array, operand: program, itemBytesMin: bytesMin)])
        case (.map(let writerValues), .map(let readerValues)):
            let program = program(of: [try part(writerValues, readerValues)])
            let bytesMin = Int32(sizes.bytesMin(writerValues)) + 1
            return .steps([Step(action: .map, operand: program, itemBytesMin: bytesMin)])
        case (.named(let writerName), .named(let readerName)): return try part(named: writerName, readerName)
        case (.int, .float): return .steps([Step(action: .intToFloat)])
        case (.int, .double): return .steps([Step(action: .intToDouble)])
        case (.long, .float): return .steps([Step(action: .longToFloat)])
        case (.long, .double): return .steps([Step(action: .longToDouble)])
        case (.float, .double): return .steps([Step(action: .floatToDouble)])
        default: throw AvroError(.incompatibleSchemas, "\(writerType.branchName) as \(readerType.branchName)")
        }
    }

    private mutating func part(named writerName: String, _ readerName: String) throws(AvroError) -> Part {
        switch (writer.definitions[writerName], reader.definitions[readerName]) {
        case (.record(let writerRecord)?, .record(let readerRecord)?):
            return .steps([Step(action: .program, operand: try program(writerRecord, readerRecord))])
        case (.enumeration(let writerType)?, .enumeration(let readerType)?):
            let fallback = readerType.defaultSymbol.flatMap(readerType.symbols.firstIndex(of:)) ?? -1
            let table = writerType.symbols.map { Int32(readerType.symbols.firstIndex(of: $0) ?? fallback) }
            return .steps([Step(action: .enumeration, operand: add(table: table))])
        default: throw AvroError(.incompatibleSchemas, "\(writerName) as \(readerName)")
        }
    }

    private mutating func program(_ writerRecord: RecordType, _ readerRecord: RecordType) throws(AvroError) -> Int32 {
        let pair = Pair(writer: writerRecord.name, reader: readerRecord.name)
        if let known = recordPrograms[pair] { return known }
        let number = reserve()
        recordPrograms[pair] = number
        let sources = readerRecord.fields.map { writerRecord.fields.index(of: $0) }
        let present = sources.compactMap(\.self)
        let isInOrder = zip(present, present.dropFirst()).allSatisfy { $0 < $1 }
        let steps =
            isInOrder
            ? try inOrder(writerRecord, readerRecord, sources) : try reordered(writerRecord, readerRecord, sources)
        fill(number, with: steps)
        return number
    }

    private mutating func inOrder(
        _ writerRecord: RecordType, _ readerRecord: RecordType, _ sources: [Int?]
    ) throws(AvroError) -> [Step] {
        var parts: [Part] = []
        var next = 0
        for (field, source) in zip(readerRecord.fields, sources) {
            guard let source else {
                parts.append(.steps([try defaultOf(field)]))
                continue
            }
            for dropped in writerRecord.fields[next..<source] { parts.append(.steps(dropping(dropped.type))) }
            parts.append(try part(writerRecord.fields[source].type, field.type))
            next = source + 1
        }
        for dropped in writerRecord.fields[next...] { parts.append(.steps(dropping(dropped.type))) }
        return steps(of: parts)
    }

    private mutating func reordered(
        _ writerRecord: RecordType, _ readerRecord: RecordType, _ sources: [Int?]
    ) throws(AvroError) -> [Step] {
        var reorder = ResolutionCode.Reorder(passes: [], reads: [])
        for field in writerRecord.fields { reorder.passes.append(add(passing(field.type))) }
        for (field, source) in zip(readerRecord.fields, sources) {
            if let source {
                let program = program(of: [try part(writerRecord.fields[source].type, field.type)])
                reorder.reads.append((Int32(source), program))
            } else {
                reorder.reads.append((-1, add([try defaultOf(field)])))
            }
        }
        code.reorders.append(reorder)
        return [Step(action: .reorder, operand: Int32(code.reorders.count - 1))]
    }

    private mutating func dropping(_ type: SchemaType) -> [Step] {
        [Step(action: .drop, operand: add(passing(type)))]
    }

    private mutating func defaultOf(_ field: RecordType.Field) throws(AvroError) -> Step {
        guard let tree = field.defaultValue else {
            throw AvroError(.incompatibleSchemas, "\(field.name) has no default")
        }
        var encoder = AvroEncoder()
        try encoder.write(AvroValue(default: tree, as: field.type, in: reader), as: field.type, in: reader)
        return inserting(encoder.bytes)
    }
}

extension ResolutionCompiler {
    /// Whether both types have the same encoding for every value.
    func isSame(_ writerType: SchemaType, _ readerType: SchemaType) -> Bool {
        var assumed: Set<Pair> = []
        return isSame(writerType, readerType, &assumed)
    }

    /// - Parameter assumed: pairs of named types under comparison, assumed equal until a difference is found.
    private func isSame(_ writerType: SchemaType, _ readerType: SchemaType, _ assumed: inout Set<Pair>) -> Bool {
        switch (writerType.physical, readerType.physical) {
        case (.int, .long), (.string, .bytes), (.bytes, .string): return true
        case (.array(let writerItems), .array(let readerItems)): return isSame(writerItems, readerItems, &assumed)
        case (.map(let writerValues), .map(let readerValues)): return isSame(writerValues, readerValues, &assumed)
        case (.union(let writerBranches), .union(let readerBranches)):
            guard writerBranches.count == readerBranches.count else { return false }
            let match = SchemaMatch(writer: writer, reader: reader)
            for (index, (writerBranch, readerBranch)) in zip(writerBranches, readerBranches).enumerated() {
                guard match.branch(for: writerBranch, in: readerBranches) == index else { return false }
                guard isSame(writerBranch, readerBranch, &assumed) else { return false }
            }
            return true
        case (.named(let writerName), .named(let readerName)):
            guard assumed.insert(Pair(writer: writerName, reader: readerName)).inserted else { return true }
            switch (writer.definitions[writerName], reader.definitions[readerName]) {
            case (.record(let writerRecord)?, .record(let readerRecord)?):
                guard writerRecord.fields.count == readerRecord.fields.count else { return false }
                for (index, field) in readerRecord.fields.enumerated() {
                    guard writerRecord.fields.index(of: field) == index,
                        isSame(writerRecord.fields[index].type, field.type, &assumed)
                    else { return false }
                }
                return SchemaMatch.isNamed(.record(readerRecord), writerName)
            case (.enumeration(let writerType)?, .enumeration(let readerType)?):
                return readerType.symbols.starts(with: writerType.symbols)
            case (.fixed(let writerType)?, .fixed(let readerType)?): return writerType.size == readerType.size
            default: return false
            }
        case (let writerType, let readerType): return writerType == readerType
        }
    }
}
