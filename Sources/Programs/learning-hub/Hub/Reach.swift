#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Checks that an address accepts connections. Blocks for a few seconds: for commands, not for services.
enum Reach {
    private static let milliseconds: Int32 = 5_000

    /// - Throws: ``CommandFailure`` that says why not.
    static func check(host: String, port: Int) throws {
        var hints = addrinfo()
        #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        hints.ai_socktype = SOCK_STREAM
        #endif
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &found)
        guard status == 0 else { throw CommandFailure("\(host): \(String(cString: gai_strerror(status)))") }
        defer { freeaddrinfo(found) }
        var reason = "has no address"
        var next = found
        while let address = next?.pointee {
            next = address.ai_next
            guard let failure = connect(to: address) else { return }
            reason = failure
        }
        throw CommandFailure("\(host):\(port) \(reason)")
    }

    /// - Returns: nil when it worked.
    private static func connect(to address: addrinfo) -> String? {
        let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        if systemConnect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return nil }
        guard errno == EINPROGRESS else { return String(cString: strerror(errno)) }
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&ready, 1, milliseconds) == 1 else {
            return "does not accept a connection within \(milliseconds / 1_000) s"
        }
        var failure: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size)
        return failure == 0 ? nil : String(cString: strerror(failure))
    }
}
