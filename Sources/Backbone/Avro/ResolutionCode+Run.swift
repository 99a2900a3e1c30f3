/// Runs the programs on one message.
extension ResolutionCode {
    /// - Parameter encoder: receives the reader's bytes.
    func run(_ program: Int32, _ decoder: inout AvroDecoder, into encoder: inout AvroEncoder) throws(AvroError) {
        for index in programs[Int(program)] {
            let step = steps[index]
            switch step.action {
            case .copy:
                let start = decoder.position
                try pass(step.operand, &decoder)
                encoder.writeRaw(UnsafeRawBufferPointer(rebasing: decoder.bytes[start..<decoder.position]))
            case .insert: encoder.writeRaw(constants[Int(step.operand)])
            case .drop: try pass(step.operand, &decoder)
            case .program:
                try decoder.descend()
                try run(step.operand, &decoder, into: &encoder)
                decoder.ascend()
            case .array, .map: try items(step, &decoder, into: &encoder)
            case .union:
                let table = tables[Int(step.operand)]
                let branch = try decoder.branch(of: table.count)
                guard table[branch] >= 0 else { throw decoder.error(.unknownBranch, "the reader lacks it") }
                try decoder.descend()
                try run(table[branch], &decoder, into: &encoder)
                decoder.ascend()
            case .enumeration:
                let table = tables[Int(step.operand)]
                let symbol = try decoder.symbol(of: table.count)
                guard table[symbol] >= 0 else { throw decoder.error(.unknownSymbol, "the reader lacks it") }
                encoder.write(index: Int(table[symbol]))
            case .reorder: try reorder(reorders[Int(step.operand)], &decoder, into: &encoder)
            case .intToFloat: encoder.write(Float(try decoder.int()))
            case .intToDouble: encoder.write(Double(try decoder.int()))
            case .longToFloat: encoder.write(Float(try decoder.long()))
            case .longToDouble: encoder.write(Double(try decoder.long()))
            case .floatToDouble: encoder.write(Double(try decoder.float()))
            default: try pass(step, &decoder)
            }
        }
        // Inserting defaults into many items can make a small message large.
        guard encoder.count <= AvroLimits.resolvedBytesMax else { throw decoder.error(.lengthOutOfBounds) }
    }

    private func items(
        _ step: Step, _ decoder: inout AvroDecoder, into encoder: inout AvroEncoder
    ) throws(AvroError) {
        try decoder.descend()
        var seen = 0
        while let count = try decoder.blockCount(itemBytesMin: Int(step.itemBytesMin), before: seen) {
            encoder.write(Int64(count))
            for _ in 0..<count {
                if step.action == .map {
                    let start = decoder.position
                    _ = try decoder.raw(count: decoder.length())
                    encoder.writeRaw(UnsafeRawBufferPointer(rebasing: decoder.bytes[start..<decoder.position]))
                }
                try run(step.operand, &decoder, into: &encoder)
            }
            seen += count
        }
        encoder.write(Int64(0))
        decoder.ascend()
    }

    private func reorder(
        _ reorder: Reorder, _ decoder: inout AvroDecoder, into encoder: inout AvroEncoder
    ) throws(AvroError) {
        var starts: [Int] = []
        for program in reorder.passes {
            starts.append(decoder.position)
            try pass(program, &decoder)
        }
        let end = decoder.position
        for read in reorder.reads {
            if read.field >= 0 { decoder.position = starts[Int(read.field)] }
            try run(read.program, &decoder, into: &encoder)
        }
        decoder.position = end
    }

    // MARK: skipping values

    private func pass(_ program: Int32, _ decoder: inout AvroDecoder) throws(AvroError) {
        for index in programs[Int(program)] { try pass(steps[index], &decoder) }
    }

    private func pass(_ step: Step, _ decoder: inout AvroDecoder) throws(AvroError) {
        switch step.action {
        case .passVarint: _ = try decoder.long()
        case .passFixed: _ = try decoder.raw(count: Int(step.operand))
        case .passText: _ = try decoder.raw(count: decoder.length())
        case .passProgram:
            try decoder.descend()
            try pass(step.operand, &decoder)
            decoder.ascend()
        case .passUnion:
            let table = tables[Int(step.operand)]
            let branch = try decoder.branch(of: table.count)
            try decoder.descend()
            try pass(table[branch], &decoder)
            decoder.ascend()
        case .passArray, .passMap:
            try decoder.descend()
            var seen = 0
            while let count = try decoder.blockCount(itemBytesMin: Int(step.itemBytesMin), before: seen) {
                for _ in 0..<count {
                    if step.action == .passMap { _ = try decoder.raw(count: decoder.length()) }
                    try pass(step.operand, &decoder)
                }
                seen += count
            }
            decoder.ascend()
        default: break
        }
    }
}
