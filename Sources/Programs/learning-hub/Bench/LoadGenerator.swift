#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Sends one request over and over on some connections that are kept, and counts the answers: the same for ours and for a twin,
/// and light enough not to be what is measured. Blocks the calling thread.
struct LoadGenerator {
    let port: Int
    var connections = 32
    var warmUp: Duration = .milliseconds(300)
    var duration: Duration = .seconds(1)
    private let request = Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)

    /// - Returns: answers a second.
    func run() throws -> Double {
        var polled: [pollfd] = []
        defer { for connection in polled { close(connection.fd) } }
        for _ in 0..<connections { polled.append(pollfd(fd: try open(), events: Int16(POLLIN), revents: 0)) }
        // Every answer has the length of the first.
        let length = try firstAnswer(polled[0].fd)
        var pending = [Int](repeating: length, count: connections)
        for connection in polled { try send(connection.fd) }
        let clock = ContinuousClock()
        let start = clock.now + warmUp
        let end = start + duration
        var count = 0
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let now = clock.now
            if now >= end { return Double(count) / (start.duration(to: now) / .seconds(1)) }
            guard poll(&polled, nfds_t(polled.count), 1_000) > 0 else {
                throw CommandFailure("no answers on port \(port)")
            }
            for index in polled.indices where polled[index].revents != 0 {
                let got = read(polled[index].fd, &chunk, chunk.count)
                guard got > 0 else { throw CommandFailure("the server on port \(port) closed a connection") }
                pending[index] -= got
                guard pending[index] <= 0 else { continue }
                pending[index] = length
                if now >= start { count += 1 }
                try send(polled[index].fd)
            }
        }
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
        guard descriptor >= 0, status == 0 else { throw CommandFailure("nothing listens on port \(port)") }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    private func send(_ descriptor: Int32) throws {
        let count = request.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
        guard count == request.count else { throw CommandFailure("a request could not be sent") }
    }

    private func firstAnswer(_ descriptor: Int32) throws -> Int {
        try send(descriptor)
        var total = 0
        var chunk = [UInt8](repeating: 0, count: 16_384)
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // An answer this small comes at once; what follows within a moment belongs to it.
        while poll(&ready, 1, total == 0 ? 5_000 : 50) > 0 {
            let count = read(descriptor, &chunk, chunk.count)
            if count <= 0 { break }
            total += count
        }
        guard total > 0 else { throw CommandFailure("no answer on port \(port)") }
        return total
    }
}
