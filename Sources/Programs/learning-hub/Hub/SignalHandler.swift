internal import Dispatch

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Handles signals that would otherwise end the process.
final class SignalHandler {
    private let sources: [any DispatchSourceSignal]

    /// From its return on, each of the signals calls `handle` with its number, one call at a time.
    init(of numbers: [Int32], handle: @escaping @Sendable (Int32) -> Void) {
        let queue = DispatchQueue(label: "signals")
        let isRegistered = DispatchSemaphore(value: 0)
        sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { handle(number) }
            source.setRegistrationHandler { isRegistered.signal() }
            source.resume()
            return source
        }
        // Dispatch registers a source some time after `resume`; a signal before that would be lost.
        for _ in sources { isRegistered.wait() }
    }

    /// The signals end the process again.
    func end() {
        for source in sources {
            source.cancel()
            signal(Int32(source.handle), SIG_DFL)
        }
    }
}
