internal import EventLoop
internal import Platform

/// Reads a stream's frames. Its deinitialisation ends the stream.
final class LiveReader: Sendable {
    private let queue: LiveQueue
    /// When the token that opened the stream expires.
    private let end: ContinuousClock.Instant
    private let heartbeat: Duration
    private let loop: EventLoop
    private let uptime: Uptime
    private let onEnd: @Sendable () -> Void

    init(
        _ queue: LiveQueue, until end: ContinuousClock.Instant, heartbeat: Duration, loop: EventLoop,
        uptime: @escaping Uptime, onEnd: @escaping @Sendable () -> Void
    ) {
        self.queue = queue
        self.end = end
        self.heartbeat = heartbeat
        self.loop = loop
        self.uptime = uptime
        self.onEnd = onEnd
    }

    deinit { onEnd() }

    /// Waits for a frame or the next heartbeat.
    /// - Returns: nil when the stream is over.
    func next() async -> [UInt8]? {
        while !Task.isCancelled {
            let (bytes, isEnded) = queue.take()
            if !bytes.isEmpty { return bytes }
            let left = end - uptime()
            if isEnded || left <= .zero { return nil }
            let isHeartbeat = left > heartbeat
            let isWoken = await queue.signal.wait(atMost: min(left, heartbeat), on: loop)
            if !isWoken, isHeartbeat, !Task.isCancelled { return LiveFrame.heartbeat.bytes }
        }
        return nil
    }
}
