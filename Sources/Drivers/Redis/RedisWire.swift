internal import CRedis
internal import EventLoop

/// A socket to a Redis server with its send and receive buffers. It knows nothing about commands' callers.
///
/// Confined to its loop.
final class RedisWire {
    /// A complete reply has arrived.
    var onReply: (RedisReply) -> Void = { _ in }
    /// Called after the socket was closed.
    var onLost: (RedisError) -> Void = { _ in }
    private(set) var unsentCount = 0

    private let loop: EventLoop
    private let replyBytesMax: Int
    private let reader: OpaquePointer
    /// nil once closed.
    private var descriptor: Int32?
    private var readWatch: Watch?
    private var writeWatch: Watch?
    private var unsent: [UInt8] = []
    private var received = [UInt8](repeating: 0, count: 64 * 1024)

    /// Takes ownership of the socket.
    /// - Throws: ``RedisError/unavailable`` when no memory is available or the loop cannot watch the socket; the socket is then closed.
    init(_ descriptor: Int32, loop: EventLoop, replyBytesMax: Int) throws(RedisError) {
        self.loop = loop
        self.replyBytesMax = replyBytesMax
        guard let reader = hub_redis_reader_new() else {
            hub_redis_close(descriptor)
            throw .unavailable
        }
        self.reader = reader
        self.descriptor = descriptor
        do {
            readWatch = try loop.watch(descriptor, for: .read) { _ in self.receive() }
        } catch {
            close()
            throw .unavailable
        }
    }

    deinit { hub_redis_reader_free(reader) }

    func send(_ bytes: [UInt8]) {
        unsent += bytes
        unsentCount = unsent.count
        if writeWatch == nil { flush() }
    }

    private func flush() {
        guard let descriptor else { return }
        let count = unsent.withUnsafeBytes { hub_redis_send(descriptor, $0.baseAddress, $0.count) }
        if count < -1 { return lose(.unavailable) }
        unsent.removeFirst(max(0, count))
        unsentCount = unsent.count
        if unsent.isEmpty {
            writeWatch?.cancel()
            writeWatch = nil
        } else if writeWatch == nil {
            do {
                writeWatch = try loop.watch(descriptor, for: .write) { _ in self.flush() }
            } catch {
                lose(.unavailable)
            }
        }
    }

    private func receive() {
        guard let descriptor else { return }
        let count = received.withUnsafeMutableBytes { hub_redis_receive(descriptor, $0.baseAddress, $0.count) }
        if count == -1 { return }
        guard count > 0 else { return lose(.unavailable) }
        let isTaken = received.withUnsafeBytes { hub_redis_reader_feed(reader, $0.baseAddress, count) == 0 }
        guard isTaken else { return lose(.malformed) }
        while self.descriptor != nil {
            var reply: OpaquePointer?
            guard hub_redis_reader_next(reader, &reply) == 0 else { return lose(.malformed) }
            guard let reply else { break }
            defer { hub_redis_reply_free(reply) }
            onReply(RedisReply(reply))
        }
        if hub_redis_reader_pending(reader) > replyBytesMax { lose(.malformed) }
    }

    private func lose(_ error: RedisError) {
        let onLost = onLost
        close()
        onLost(error)
    }

    func close() {
        guard let descriptor else { return }
        self.descriptor = nil
        readWatch?.cancel()
        writeWatch?.cancel()
        (readWatch, writeWatch) = (nil, nil)
        hub_redis_close(descriptor)
        onReply = { _ in }
        onLost = { _ in }
    }
}
