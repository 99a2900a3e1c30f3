/// Why a body could not be read completely.
public enum HTTPBodyError: Error, Sendable, Equatable {
    /// The body is larger than its reader allows.
    case tooLarge(bytesMax: Int)
    /// The peer closed the connection or violated the framing before the end.
    case interrupted
    /// No bytes arrived within the connection's timeout.
    case timedOut
    /// The reading task was cancelled.
    case cancelled
}

/// The body of a message: complete bytes, or a stream that is read once, in chunks, at the reader's pace.
///
/// Backpressure stops the sender while the reader is slow. A stream released unread is discarded.
public struct HTTPBody: Sendable {
    enum Storage: Sendable {
        case bytes([UInt8])
        case stream(any HTTPBodySource, length: Int?)
    }
    let storage: Storage

    public static let empty = HTTPBody(storage: .bytes([]))

    public static func bytes(_ bytes: [UInt8]) -> HTTPBody { HTTPBody(storage: .bytes(bytes)) }

    public static func text(_ text: String) -> HTTPBody { .bytes(Array(text.utf8)) }

    /// A body generated while it is sent: `next` returns the next chunk, nil at the end. It is called again only when the receiver has
    /// taken the previous chunk. When it throws, the message is aborted so that the receiver can tell it is incomplete.
    /// - Parameter length: in bytes, when known; `next` must then return exactly that many.
    public static func stream(
        length: Int? = nil, _ next: @escaping @Sendable () async throws -> [UInt8]?
    ) -> HTTPBody {
        HTTPBody(storage: .stream(HTTPBodyClosure(next), length: length))
    }

    static func stream(_ source: any HTTPBodySource, length: Int?) -> HTTPBody {
        HTTPBody(storage: .stream(source, length: length))
    }

    /// In bytes; nil when unknown in advance.
    public var length: Int? {
        switch storage {
        case .bytes(let bytes): bytes.count
        case .stream(_, let length): length
        }
    }

    /// Reads the whole body.
    /// - Throws: ``HTTPBodyError/tooLarge(bytesMax:)`` as soon as it exceeds `bytesMax`, and what reading throws.
    public func collect(bytesMax: Int) async throws(HTTPBodyError) -> [UInt8] {
        if let length, length > bytesMax { throw .tooLarge(bytesMax: bytesMax) }
        guard case .stream(let source, _) = storage else { return bytesAtHand ?? [] }
        var whole: [UInt8] = []
        while let chunk = try await source.next() {
            if whole.count + chunk.count > bytesMax { throw .tooLarge(bytesMax: bytesMax) }
            if whole.isEmpty { whole = chunk } else { whole.append(contentsOf: chunk) }
        }
        return whole
    }

    /// The bytes of a body that is not a stream.
    var bytesAtHand: [UInt8]? {
        guard case .bytes(let bytes) = storage else { return nil }
        return bytes
    }
}

extension HTTPBody: AsyncSequence {
    public typealias Failure = HTTPBodyError
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        var rest: Storage
        public mutating func next() async throws(HTTPBodyError) -> [UInt8]? {
            switch rest {
            case .bytes(let bytes):
                rest = .bytes([])
                return bytes.isEmpty ? nil : bytes
            case .stream(let source, _): return try await source.next()
            }
        }
    }
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: storage) }
}

/// The source of the chunks of a streamed body. One reader, one call at a time.
protocol HTTPBodySource: AnyObject, Sendable {
    func next() async throws(HTTPBodyError) -> [UInt8]?
}

private final class HTTPBodyClosure: HTTPBodySource {
    let body: @Sendable () async throws -> [UInt8]?
    init(_ body: @escaping @Sendable () async throws -> [UInt8]?) { self.body = body }
    func next() async throws(HTTPBodyError) -> [UInt8]? {
        do {
            return try await body()
        } catch let error as HTTPBodyError {
            throw error
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .interrupted
        }
    }
}
