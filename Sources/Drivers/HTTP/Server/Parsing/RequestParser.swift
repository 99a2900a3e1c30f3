/// Parses the requests of a connection one after the other, strictly by RFC 9112. It does no I/O and keeps no bytes: the caller passes
/// the bytes of an incomplete head again, followed by more.
struct RequestParser {
    enum Event {
        /// More bytes are needed after the same ones.
        case incomplete
        case head(RequestHead)
        /// Body bytes were appended; `isLast` when the body is complete.
        case body(isLast: Bool)
    }

    private var scanner = HeadScanner()
    private var decoder: BodyDecoder?
    private let limits: HTTPServerConfiguration

    init(limits: HTTPServerConfiguration) { self.limits = limits }

    /// - Parameter body: receives decoded body bytes.
    /// - Returns: the result, and how many bytes it consumed.
    mutating func next(
        _ bytes: UnsafeBufferPointer<UInt8>, body: inout [UInt8]
    ) throws(RequestHead.Refusal) -> (event: Event, byteCount: Int) {
        if decoder != nil { return try nextOfBody(bytes, &body) }
        let end: Int?
        do throws(Problem) { end = try scanner.scan(bytes, limits: limits) } catch {
            throw RequestHead.Refusal(problem: error)
        }
        guard let end else { return (.incomplete, 0) }
        let lines = UnsafeBufferPointer(rebasing: bytes[scanner.start..<end - 2])
        let head = try RequestHead(lines, lineCount: scanner.lineCount, limits: limits)
        scanner = HeadScanner()
        decoder = BodyDecoder(head.framing.body)
        return (.head(head), end)
    }

    private mutating func nextOfBody(
        _ bytes: UnsafeBufferPointer<UInt8>, _ body: inout [UInt8]
    ) throws(RequestHead.Refusal) -> (event: Event, byteCount: Int) {
        guard var decoder else { return (.incomplete, 0) }
        do throws(Problem) {
            let count = try decoder.decode(bytes, into: &body)
            self.decoder = decoder.isAtEnd ? nil : decoder
            return (.body(isLast: decoder.isAtEnd), count)
        } catch {
            throw RequestHead.Refusal(problem: error)
        }
    }
}
