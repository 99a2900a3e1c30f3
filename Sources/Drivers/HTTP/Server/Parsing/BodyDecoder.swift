/// Decodes one request body in either framing. It does no I/O and stops at the end of the body.
enum BodyDecoder {
    case length(left: Int)
    case chunked(ChunkDecoder)

    init?(_ body: Framing.Body) {
        switch body {
        case .none: return nil
        case .length(let length): self = .length(left: length)
        case .chunked: self = .chunked(ChunkDecoder())
        }
    }

    /// Appends the body bytes found in `bytes` to `body`.
    /// - Returns: how many bytes were consumed: all, or those before the end of the body.
    mutating func decode(_ bytes: UnsafeBufferPointer<UInt8>, into body: inout [UInt8]) throws(Problem) -> Int {
        switch self {
        case .length(let left):
            let count = min(left, bytes.count)
            self = .length(left: left - count)
            body.append(contentsOf: bytes[..<count])
            return count
        case .chunked(var decoder):
            defer { self = .chunked(decoder) }
            return try decoder.decode(bytes, into: &body)
        }
    }

    var isAtEnd: Bool {
        switch self {
        case .length(let left): left == 0
        case .chunked(let decoder): decoder.isAtEnd
        }
    }
}
