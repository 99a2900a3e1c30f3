/// Takes the bytes of one body off the wire. It does no I/O; whatever the framing, it ends where the body ends.
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

    /// Appends what `bytes` hold of the body to `body`.
    /// - Returns: how many of the bytes were taken: all of them, or as many as come before the end.
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
