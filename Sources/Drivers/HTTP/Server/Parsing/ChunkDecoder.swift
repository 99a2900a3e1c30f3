/// A strict decoder for the chunked coding (RFC 9112, 7.1): lines end with CRLF and have a maximum length. Extensions and trailers are
/// skipped.
struct ChunkDecoder {
    /// A size with at most this many digits cannot overflow.
    private static let digitCountMax = 15
    /// The maximum bytes of one chunk's extensions, up to the end of the line.
    private static let extensionBytesMax = 256
    /// The maximum bytes of all trailers together.
    private static let trailerBytesMax = 4 * 1024

    private enum State {
        case size(digitCount: Int)
        /// Whitespace is allowed only before an extension.
        case blank
        case extensions
        case sizeEnd
        case content
        case contentReturn, contentEnd
        case trailerStart, trailerName, trailerValue, trailerEnd
        case lastEnd
        case end
    }
    private var state = State.size(digitCount: 0)
    /// The chunk's size, then its remaining bytes.
    private var left = 0
    /// The bytes of the current extensions or trailers.
    private var byteCount = 0

    var isAtEnd: Bool { if case .end = state { true } else { false } }

    /// - Returns: how many bytes were consumed.
    mutating func decode(_ bytes: UnsafeBufferPointer<UInt8>, into body: inout [UInt8]) throws(Problem) -> Int {
        var index = 0
        while index < bytes.count, !isAtEnd {
            if case .content = state {
                let count = min(left, bytes.count - index)
                body.append(contentsOf: bytes[index..<index + count])
                index += count
                left -= count
                if left == 0 { state = .contentReturn }
            } else {
                try step(bytes[index])
                index += 1
            }
        }
        return index
    }

    private mutating func step(_ byte: UInt8) throws(Problem) {
        switch state {
        case .size(let digitCount): try size(byte, digitCount)
        case .blank, .extensions: try extensions(byte)
        case .sizeEnd:
            try expect(10, byte)
            state = left == 0 ? .trailerStart : .content
            byteCount = 0
        case .contentReturn:
            try expect(13, byte)
            state = .contentEnd
        case .contentEnd:
            try expect(10, byte)
            state = .size(digitCount: 0)
        case .trailerStart, .trailerName, .trailerValue, .trailerEnd: try trailer(byte)
        case .lastEnd:
            try expect(10, byte)
            state = .end
        case .content, .end: break
        }
    }

    private mutating func size(_ byte: UInt8, _ digitCount: Int) throws(Problem) {
        if let digit = PercentEncoding.hexValue(byte) {
            guard digitCount < Self.digitCountMax else { throw .malformedChunk }
            left = (digitCount == 0 ? 0 : left * 16) + Int(digit)
            state = .size(digitCount: digitCount + 1)
            return
        }
        guard digitCount > 0 else { throw .malformedChunk }
        byteCount = 0
        state = .blank
        try extensions(byte)
    }

    private mutating func extensions(_ byte: UInt8) throws(Problem) {
        byteCount += 1
        guard byteCount <= Self.extensionBytesMax else { throw .malformedChunk }
        switch (state, byte) {
        // The grammar does not allow whitespace without an extension.
        case (.blank, 13) where byteCount == 1, (.extensions, 13): state = .sizeEnd
        case (.blank, 32), (.blank, 9): break
        case (.blank, UInt8(ascii: ";")): state = .extensions
        case (.extensions, 9), (.extensions, 32...126), (.extensions, 128...255): break
        default: throw .malformedChunk
        }
    }

    private mutating func trailer(_ byte: UInt8) throws(Problem) {
        byteCount += 1
        guard byteCount <= Self.trailerBytesMax else { throw .malformedTrailer }
        switch (state, byte) {
        case (.trailerStart, 13): state = .lastEnd
        case (.trailerName, UInt8(ascii: ":")): state = .trailerValue
        case (.trailerStart, _) where isTokenByte(byte), (.trailerName, _) where isTokenByte(byte): state = .trailerName
        case (.trailerValue, 13): state = .trailerEnd
        case (.trailerValue, 9), (.trailerValue, 32...126), (.trailerValue, 128...255): break
        case (.trailerEnd, 10): state = .trailerStart
        default: throw .malformedTrailer
        }
    }

    private func expect(_ expected: UInt8, _ byte: UInt8) throws(Problem) {
        if byte != expected { throw .malformedChunk }
    }
}

extension Problem {
    fileprivate static let malformedChunk = malformed("chunk")
    fileprivate static let malformedTrailer = malformed("trailer")
}
