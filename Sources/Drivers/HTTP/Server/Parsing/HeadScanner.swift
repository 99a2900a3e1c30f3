#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Finds the end of a request head incrementally, and refuses an invalid head as early as possible.
///
/// Lines must end with CRLF. One empty line before the request line is skipped (RFC 9112, 2.2).
struct HeadScanner {
    /// Bytes of the request line besides the target: method, version and separators.
    private static let requestLineRestMax = 64

    private var scannedCount = 0
    private var lineStart = 0
    /// The start of the request line.
    private(set) var start = 0
    /// The number of lines: the request line and the fields.
    private(set) var lineCount = 0

    /// - Parameter bytes: all bytes since the previous head, beginning with those of the last call.
    /// - Returns: the length of the head including its empty line; nil while it is incomplete.
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
            // Not HTTP, for example TLS: refuse without waiting for the end of the line.
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
