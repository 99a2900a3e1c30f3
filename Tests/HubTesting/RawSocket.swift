internal import EventLoop
internal import Foundation

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A TCP connection that sends exactly the bytes of a test. Its calls block a thread of a separate pool.
public final class RawSocket: Sendable {
    public struct Failure: Error { public var errno: Int32 }

    private static let pool: BlockingPool = {
        do { return try BlockingPool(name: "raw", threadCount: 48, queueCountMax: 10_000) } catch {
            fatalError("\(error)")
        }
    }()

    /// Runs `work`, which may block, on a thread of the pool.
    public static func blocking<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws
        -> Result
    {
        try await pool.run(work)
    }

    private let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { Glibc.close(descriptor) }

    public static func connect(_ port: Int) throws -> RawSocket {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(errno: errno) }
        var address = loopback(port)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            defer { Glibc.close(descriptor) }
            throw Failure(errno: errno)
        }
        return RawSocket(descriptor: descriptor)
    }

    static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    public func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    public func send(_ bytes: [UInt8]) async throws {
        try await Self.blocking { [self] in
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { throw Failure(errno: errno) }
                sent += count
            }
        }
    }

    /// Sends until the other side accepts no more.
    /// - Returns: the number of accepted bytes, at most `limit`.
    public func sendUntilHeld(limit: Int) async throws -> Int {
        try await Self.blocking { [self] in
            let chunk = [UInt8](repeating: 120, count: 64 * 1024)
            var sent = 0
            while sent < limit {
                let count = Glibc.send(
                    descriptor, chunk, chunk.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                if count > 0 {
                    sent += count
                    continue
                }
                // The buffer is full; only if it stays full for a while, the sender is throttled.
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                if Glibc.poll(&poll, 1, 300) == 0 { break }
            }
            return sent
        }
    }

    /// Reads until `isEnough` is true for the received bytes, or until the other side closes.
    public func read(until isEnough: @escaping @Sendable (String) -> Bool) async throws -> String {
        try await Self.blocking { [self] in
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 * 1024)
            while !isEnough(String(decoding: bytes, as: UTF8.self)) {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count < 0 && errno != ECONNRESET { throw Failure(errno: errno) }
                if count <= 0 { break }
                bytes.append(contentsOf: buffer[..<count])
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    public func readToEnd() async throws -> String { try await read { _ in false } }

    /// One response with `Content-Length`, head and body.
    public func readResponse() async throws -> String {
        try await read { text in
            guard let end = text.range("\r\n\r\n") else { return false }
            let head = text[..<end.lowerBound].lowercased()
            guard let at = head.range("content-length: ") else { return true }
            let length = Int(head[at.upperBound...].prefix { $0.isNumber }) ?? 0
            return text[end.upperBound...].utf8.count >= length
        }
    }

    public func shutdownSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// A reset instead of a normal end.
    public func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// The maximum number of response bytes to read.
    public func limitReceiveBuffer(_ bytes: Int32) {
        var bytes = bytes
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// A server that sends the bytes of a test to each connection. It listens until the test process ends.
public struct RawServer: Sendable {
    public let port: Int

    public init(_ serve: @escaping @Sendable (RawSocket) async throws -> Void) throws {
        let (descriptor, port) = try Self.bound()
        self.port = port
        guard listen(descriptor, 64) == 0 else { throw RawSocket.Failure(errno: errno) }
        Thread.detachNewThread {
            while true {
                let accepted = accept(descriptor, nil, nil)
                if accepted < 0 { return }
                Task { try? await serve(RawSocket(descriptor: accepted)) }
            }
        }
    }

    /// A reserved port without a listener.
    public static func deadPort() throws -> Int { try bound().port }

    private static func bound() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = RawSocket.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw RawSocket.Failure(errno: errno) }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }
}

extension StringProtocol {
    /// The first position of `text` in bytes, because a CRLF is one Character in Swift.
    public func range(_ text: String) -> Range<Index>? {
        let needle = Array(text.utf8)
        var start = utf8.startIndex
        while let end = utf8.index(start, offsetBy: needle.count, limitedBy: utf8.endIndex) {
            if utf8[start..<end].elementsEqual(needle) { return start..<end }
            if start == utf8.endIndex { return nil }
            start = utf8.index(after: start)
        }
        return nil
    }

    public func has(_ text: String) -> Bool { range(text) != nil }

    public func count(of text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let found = rest.range(text) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
