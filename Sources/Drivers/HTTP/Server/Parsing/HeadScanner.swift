#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Finds the end of a request's head as its bytes come, and refuses one as soon as it is clear that it has to be.
///
/// Lines end with CRLF and nothing else. One empty line before the request line is skipped, as RFC 9112, 2.2 asks.
struct HeadScanner {
    /// Beside the target: the method, the version and what separates them.
    private static let requestLineRestMax = 64

    private var scannedCount = 0
    private var lineStart = 0
    /// Where the request line begins.
    private(set) var start = 0
    /// The request line and the fields.
    private(set) var lineCount = 0

    /// - Parameter bytes: all that came since the head before, those of the last call first.
    /// - Returns: how many of them are the head, its empty line included; nil as long as it has no end.
    mutating func scan(
        _ bytes: UnsafeBufferPointer<UInt8>, limits: HTTPServerConfiguration
    ) throws(Problem) -> Int? {
        while let end = Self.lineFeed(in: bytes, from: scannedCount) {
            guard end > lineStart, bytes[end - 1] == 13 else { throw .malformed("line end") }
            scannedCount = end + 1
            let isEmpty = end - 1 == lineStart
            lineStart = scannedCount
            if !isEmpty {
                lineCount += 1
                if lineCount > limits.headerCountMax + 1 { throw .headerTooLarge }
                try check(scannedCount - start, bytes, limits)
            } else if lineCount > 0 {
                return scannedCount
            } else if start > 0 {
                throw .malformed("request line")
            } else {
                start = scannedCount
            }
        }
        scannedCount = bytes.count
        try check(scannedCount - start, bytes, limits)
        return nil
    }

    private func check(
        _ count: Int, _ bytes: UnsafeBufferPointer<UInt8>, _ limits: HTTPServerConfiguration
    ) throws(Problem) {
        if lineCount == 0, count > 0 {
            // Not HTTP at all, TLS for one: no reason to wait for the end of its line.
            if bytes[start] != 13, !isTokenByte(bytes[start]) { throw .malformed("request line") }
            if count > limits.targetBytesMax + Self.requestLineRestMax { throw .targetTooLong }
        }
        if count > limits.headerBytesMax { throw lineCount == 0 ? .targetTooLong : .headerTooLarge }
    }

    private static func lineFeed(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        guard start < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + start, 10, bytes.count - start)
        else { return nil }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }
}
