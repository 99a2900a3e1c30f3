internal import CSockets

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A non-blocking TCP socket with the calls a server needs.
struct Socket {
    let descriptor: Int32

    /// Reads bytes: 0 at end of input, nil when none are available, -1 when the peer is gone.
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count >= 0 { return count }
        return Self.isTransient(errno) ? nil : -1
    }

    /// - Parameter more: more data follows at once, so the kernel may delay sending (MSG_MORE).
    /// - Returns: how many bytes were written, 0 when the send buffer is full, -1 when the peer is gone.
    func send(_ bytes: UnsafeRawBufferPointer, more: Bool) -> Int {
        #if os(Linux)
        let flags = Int32(MSG_NOSIGNAL) | (more ? Int32(MSG_MORE) : 0)
        #else
        let flags: Int32 = 0
        #endif
        let count = sendBytes(descriptor, bytes.baseAddress, bytes.count, flags)
        if count >= 0 { return count }
        return Self.isTransient(errno) ? 0 : -1
    }

    /// Closes the sending side; input can still be received.
    func shutdownSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    func close() { closeDescriptor(descriptor) }

    /// Whether the peer has closed its sending side or the connection, even while input is unread.
    var isLeft: Bool { hub_socket_is_left(descriptor) != 0 }

    private static func isTransient(_ code: Int32) -> Bool { code == EAGAIN || code == EWOULDBLOCK || code == EINTR }
}

// Aliases of system calls that the methods' names hide.
private func sendBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32) -> Int {
    send(descriptor, bytes, count, flags)
}
private func closeDescriptor(_ descriptor: Int32) { close(descriptor) }

// MARK: Listening

extension Socket {
    private static let backlogMax: Int32 = 1_024
    /// The limit of unsent bytes in the kernel: the socket becoming writable then shows that the peer reads.
    private static let unsentBytesMax: Int32 = 128 * 1024
    private static let stream = { () -> Int32 in
        #if os(Linux)
        Int32(SOCK_STREAM.rawValue)
        #else
        SOCK_STREAM
        #endif
    }()

    /// A listening socket that shares its port with others of this process.
    ///
    /// - Parameters:
    ///   - port: 0 selects a free port and is set to it.
    ///   - probes: first checks whether another process listens on the port: SO_REUSEPORT would silently share it with another server of
    ///     the same user.
    /// - Throws: the errno.
    static func listen(_ host: String, port: inout UInt16, probes: Bool) throws(SystemError) -> Socket {
        var hints = addrinfo()
        hints.ai_socktype = stream
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &found) == 0, let found else { throw SystemError(EADDRNOTAVAIL) }
        defer { freeaddrinfo(found) }
        if probes {
            let alone = try open(found.pointee, isShared: false)
            port = alone.port
            alone.close()
            setPort(port, found.pointee)
        }
        return try open(found.pointee, isShared: true)
    }

    private static func open(_ address: addrinfo, isShared: Bool) throws(SystemError) -> Socket {
        let descriptor = newSocket(address.ai_family, stream, 0)
        guard descriptor >= 0 else { throw SystemError(errno) }
        let opened = Socket(descriptor: descriptor)
        opened.setNonBlocking()
        opened.set(SO_REUSEADDR)
        if isShared { opened.set(SO_REUSEPORT) }
        // Accepted connections inherit these options.
        opened.set(Int32(TCP_NODELAY), level: Int32(IPPROTO_TCP))
        opened.set(Int32(TCP_NOTSENT_LOWAT), to: unsentBytesMax, level: Int32(IPPROTO_TCP))
        if bind(descriptor, address.ai_addr, address.ai_addrlen) == 0, startListening(descriptor, backlogMax) == 0 {
            return opened
        }
        defer { opened.close() }
        throw SystemError(errno)
    }

    private static func setPort(_ port: UInt16, _ address: addrinfo) {
        // The port is at the same offset in IPv4 and IPv6 addresses.
        address.ai_addr.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_port = port.bigEndian }
    }

    private var port: UInt16 {
        var address = sockaddr_storage(), length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
            return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt16(bigEndian: $0.pointee.sin_port)
            }
        }
    }

    private func set(_ option: Int32, to value: Int32 = 1, level: Int32 = SOL_SOCKET) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private func setNonBlocking() {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }
}

private func newSocket(_ family: Int32, _ type: Int32, _ flags: Int32) -> Int32 { socket(family, type, flags) }
private func startListening(_ descriptor: Int32, _ backlog: Int32) -> Int32 { listen(descriptor, backlog) }

// MARK: Accepting

extension Socket {
    /// The next connection and its peer's address; nil when none is waiting.
    func accept() throws(SystemError) -> (socket: Socket, address: String)? {
        var address = sockaddr_storage(), length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let accepted = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { hub_socket_accept(descriptor, $0, &length) }
        }
        guard accepted >= 0 else {
            if Self.isTransient(errno) { return nil }
            throw SystemError(errno)
        }
        let socket = Socket(descriptor: accepted)
        #if !os(Linux)
        socket.set(SO_NOSIGPIPE)
        #endif
        return (socket, Self.text(&address))
    }

    private static func text(_ address: inout sockaddr_storage) -> String {
        let isVersion6 = Int32(address.ss_family) == AF_INET6
        return withUnsafeMutablePointer(to: &address) { pointer in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN) + 1) { text in
                text.initialize(repeating: 0)
                guard let start = text.baseAddress else { return "" }
                let count = socklen_t(text.count)
                if isVersion6 {
                    pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                        _ = inet_ntop(AF_INET6, &$0.pointee.sin6_addr, start, count)
                    }
                } else {
                    pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        _ = inet_ntop(AF_INET, &$0.pointee.sin_addr, start, count)
                    }
                }
                return String(cString: start)
            }
        }
    }
}

/// The errno.
struct SystemError: Error {
    let code: Int32
    init(_ code: Int32) { self.code = code }

    /// No descriptor or memory is available: an immediate retry would fail too.
    var isOutOfResources: Bool { [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code) }
}
