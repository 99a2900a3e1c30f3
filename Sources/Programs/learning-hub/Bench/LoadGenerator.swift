#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Sends requests over persistent connections, one after the other on each, and records when responses are complete: the same for
/// ours and a twin, and with little overhead. Blocks the calling thread.
struct LoadGenerator {
    let port: Int
    var connections = 32
    var warmUp: Duration = .milliseconds(300)
    var duration: Duration = .seconds(1)
    /// The minimum time between the requests of a connection; for a single connection, because it blocks all.
    var pause: Duration = .zero

    /// The result.
    struct Load: Sendable {
        /// Answers a second.
        var perSecond: Double
        /// From each request to the end of its answer.
        var milliseconds: [Double]
    }

    /// Header and body of a request, as it is sent.
    static func request(
        _ method: String = "GET", target: String = "/", fields: [String] = [], body: String = ""
    ) -> [UInt8] {
        var lines = ["\(method) \(target) HTTP/1.1", "Host: localhost"] + fields
        if !body.isEmpty { lines += ["Content-Type: application/json", "Content-Length: \(body.utf8.count)"] }
        return Array((lines + ["", body]).joined(separator: "\r\n").utf8) + (body.isEmpty ? Array("\r\n".utf8) : [])
    }

    /// Repeats one request for ``duration``.
    func run(_ request: [UInt8] = LoadGenerator.request()) throws -> Load {
        let start = ContinuousClock.now + warmUp
        return try drive(from: start, until: start + duration) { request }
    }

    /// Each request once.
    func run(_ requests: [[UInt8]]) throws -> Load {
        var rest = requests[...]
        return try drive(from: .now, until: nil) { rest.popFirst() }
    }

    /// - Parameter end: nil to go on until there is no request left.
    private func drive(
        from start: ContinuousClock.Instant, until end: ContinuousClock.Instant?, _ next: () -> [UInt8]?
    ) throws -> Load {
        var polled: [pollfd] = []
        var sentAt: [ContinuousClock.Instant] = []
        defer { for connection in polled { close(connection.fd) } }
        for _ in 0..<connections {
            guard let request = next() else { break }
            let descriptor = try open()
            polled.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
            sentAt.append(.now)
            try send(request, descriptor)
        }
        var answers = [Answer](repeating: Answer(), count: polled.count)
        var milliseconds: [Double] = []
        var openCount = polled.count
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while openCount > 0 {
            guard poll(&polled, nfds_t(polled.count), 10_000) > 0 else {
                throw CommandFailure("no responses on port \(port)")
            }
            for index in polled.indices where polled[index].revents != 0 {
                let count = read(polled[index].fd, &chunk, chunk.count)
                guard count > 0 else { throw CommandFailure("the server on port \(port) closed a connection") }
                guard try chunk.withUnsafeBytes({ try answers[index].take($0[..<count]) }) else { continue }
                let now = ContinuousClock.now
                if now >= start { milliseconds.append(sentAt[index].duration(to: now).milliseconds) }
                if let end, now >= end {
                    return Load(
                        perSecond: Double(milliseconds.count) / (start.duration(to: now) / .seconds(1)),
                        milliseconds: milliseconds)
                }
                guard let request = next() else {
                    openCount -= 1
                    // Closed; poll ignores negative descriptors.
                    close(polled[index].fd)
                    polled[index].fd = -1
                    continue
                }
                if pause > .zero { _ = poll(nil, 0, Int32(clamping: Int64(pause.milliseconds))) }
                sentAt[index] = .now
                try send(request, polled[index].fd)
            }
        }
        let seconds = start.duration(to: .now) / .seconds(1)
        return Load(perSecond: Double(milliseconds.count) / max(seconds, 0.001), milliseconds: milliseconds)
    }

    /// A partial response.
    private struct Answer {
        private var header: [UInt8] = []
        private var bodyLeft: Int?

        /// - Returns: whether the answer is whole.
        mutating func take(_ bytes: Slice<UnsafeRawBufferPointer>) throws -> Bool {
            if let left = bodyLeft {
                bodyLeft = left - bytes.count
            } else {
                header += bytes
                guard let end = Self.end(of: header) else { return false }
                let text = String(decoding: header, as: UTF8.self)
                bodyLeft = try Self.bodyLength(text) - (header.count - end)
            }
            guard let left = bodyLeft, left <= 0 else { return false }
            self = Answer()
            return true
        }

        private static func end(of header: [UInt8]) -> Int? {
            var index = 3
            while index < header.count {
                if header[index] == 10, header[index - 1] == 13, header[index - 2] == 10 { return index + 1 }
                index += 1
            }
            return nil
        }

        /// - Parameter text: header and received body.
        private static func bodyLength(_ text: String) throws -> Int {
            let lines = text.split(separator: "\r\n")
            let status = lines.first?.split(separator: " ").dropFirst().first ?? ""
            guard status.hasPrefix("2") else { throw CommandFailure("a request failed: \(text)") }
            for line in lines where line.lowercased().hasPrefix("content-length:") {
                if let length = Int(line.drop { $0 != " " }.dropFirst()) { return length }
            }
            throw CommandFailure("a response has no Content-Length")
        }
    }

    static func listens(on port: Int) -> Bool {
        guard let descriptor = try? LoadGenerator(port: port).open() else { return false }
        close(descriptor)
        return true
    }

    private func open() throws -> Int32 {
        #if canImport(Glibc)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(clamping: port).bigEndian)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                systemConnect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard descriptor >= 0, status == 0 else { throw CommandFailure("no program listens on port \(port)") }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    private func send(_ request: [UInt8], _ descriptor: Int32) throws {
        let count = request.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
        guard count == request.count else { throw CommandFailure("a request could not be sent") }
    }
}
