#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Writes log lines to a descriptor on a separate thread, so that a slow log reader never blocks a loop.
///
/// Lines wait in a bounded buffer. When it is full, new lines are dropped and counted; once there is room, a line reports how many.
// @unchecked: shared state is guarded by the POSIX mutex beside it; the pointers live as long as the writer.
public final class LogWriter: LogSink, @unchecked Sendable {
    /// The log of the process. It is flushed when the process exits.
    public static let standardError: LogWriter = {
        let writer = LogWriter(descriptor: STDERR_FILENO)
        atexit { LogWriter.standardError.flush() }
        return writer
    }()

    public let format: LogFormat
    private let descriptor: Int32
    private let bufferBytesMax: Int
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let drained = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var buffer: [UInt8] = []
    private var dropped = 0
    private var droppedTotal = 0
    private var isWriting = false
    private var isStopping = false
    private var hasThread = false

    /// - Parameters:
    ///   - descriptor: owned by the caller; ``close()`` the writer before closing it.
    ///   - bufferBytesMax: lines beyond it are dropped.
    public init(descriptor: Int32, bufferBytesMax: Int = 4 * 1_024 * 1_024) {
        self.descriptor = descriptor
        format = LogFormat(of: descriptor)
        self.bufferBytesMax = bufferBytesMax
        pthread_mutex_init(lock, nil)
        pthread_cond_init(arrived, nil)
        Self.makeCondition(drained)
        // When no thread can be started, lines are written synchronously.
        hasThread = startLogThread(self)
    }

    deinit {
        pthread_cond_destroy(drained)
        pthread_cond_destroy(arrived)
        pthread_mutex_destroy(lock)
        drained.deallocate()
        arrived.deallocate()
        lock.deallocate()
    }

    /// How many lines were dropped because the buffer was full.
    public var droppedCount: Int { locked { droppedTotal } }

    public func write(_ line: [UInt8]) {
        locked {
            guard hasThread else { return writeAll(line) }
            if buffer.count + line.count > bufferBytesMax || isStopping {
                dropped += 1
                droppedTotal += 1
                return
            }
            if buffer.isEmpty { pthread_cond_signal(arrived) }
            buffer += line
        }
    }

    /// Waits until all lines so far are written, at most two seconds, so that a stuck reader does not keep the process alive.
    public func flush() {
        var end = timespec()
        clock_gettime(Self.clock, &end)
        end.tv_sec += 2
        locked {
            while !buffer.isEmpty || isWriting {
                if pthread_cond_timedwait(drained, lock, &end) != 0 { return }
            }
        }
    }

    /// Writes the remaining lines and stops the thread.
    public func close() {
        locked {
            isStopping = true
            pthread_cond_signal(arrived)
        }
        flush()
    }

    // A monotonic clock, so that changing the system time does not prolong a wait. Darwin's condition variables do not support one.
    #if canImport(Glibc)
    private static let clock = CLOCK_MONOTONIC

    private static func makeCondition(_ condition: UnsafeMutablePointer<pthread_cond_t>) {
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, clock)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }
    #else
    private static let clock = CLOCK_REALTIME

    private static func makeCondition(_ condition: UnsafeMutablePointer<pthread_cond_t>) {
        pthread_cond_init(condition, nil)
    }
    #endif

    fileprivate func runThread() {
        var lines: [UInt8] = []
        while take(&lines) { writeAll(lines) }
    }

    /// Swaps the two buffers: the lock is held only briefly, even when the descriptor blocks.
    private func take(_ lines: inout [UInt8]) -> Bool {
        locked {
            isWriting = false
            while buffer.isEmpty {
                pthread_cond_broadcast(drained)
                if isStopping { return false }
                pthread_cond_wait(arrived, lock)
            }
            lines.removeAll(keepingCapacity: true)
            swap(&lines, &buffer)
            if dropped > 0 { lines += droppedLine() }
            isWriting = true
            return true
        }
    }

    private func droppedLine() -> [UInt8] {
        defer { dropped = 0 }
        return LogEntry(
            atMs: WallClock.millisecondsSinceEpoch, level: .warning, service: "log",
            message: "log lines were dropped because the reader is slow", trace: nil,
            metadata: [.count: LogValue(dropped)]
        ).line(as: format)
    }

    private func writeAll(_ lines: [UInt8]) {
        lines.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: rest))
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&ready, 1, 1_000)
                } else if errno != EINTR {
                    return
                }
            }
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return body()
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

/// Starts the thread, which retains the writer until it is closed.
private func startLogThread(_ writer: LogWriter) -> Bool {
    let context = Unmanaged.passRetained(writer)
    #if canImport(Glibc)
    var thread = pthread_t()
    #else
    var thread: pthread_t?
    #endif
    let status = pthread_create(&thread, nil, logThreadMain, context.toOpaque())
    guard status == 0 else {
        context.release()
        return false
    }
    #if canImport(Glibc)
    pthread_detach(thread)
    #else
    if let thread { pthread_detach(thread) }
    #endif
    return true
}

#if canImport(Glibc)
private func logThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<LogWriter>.fromOpaque(context).takeRetainedValue().runThread() }
    return nil
}
#else
private func logThreadMain(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<LogWriter>.fromOpaque(context).takeRetainedValue().runThread()
    return nil
}
#endif
