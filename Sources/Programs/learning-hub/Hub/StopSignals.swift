internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Ctrl-C and the system's wish that the process ends. The first is for an orderly stop; the second ends the process at once.
final class StopSignals {
    private let sources: [any DispatchSourceSignal]
    private let stream: AsyncStream<Int32>

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        self.stream = stream
        let queue = DispatchQueue(label: "signals")
        let count = SignalCount()
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                // A signal that comes twice before we look is one event with a count.
                if count.add(source.data) > 1 { _exit(128 + number) }
                continuation.yield(number)
            }
            source.resume()
            return source
        }
    }

    /// Returns with the first signal.
    func first() async { for await _ in stream { return } }
}

private final class SignalCount: Sendable {
    private let count = Mutex<UInt>(0)
    func add(_ more: UInt) -> UInt {
        count.withLock { count in
            count += more
            return count
        }
    }
}
