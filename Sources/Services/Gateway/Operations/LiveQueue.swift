internal import EventLoop
internal import Synchronization

/// What one open stream has still to send. Bounded: a reader who is slower than what happens is cut off.
final class LiveQueue: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var frameCount = 0
        var isEnded = false
    }

    private let frameCountMax: Int
    private let state = Mutex(State())
    /// Given when there is something to take.
    let signal = Signal()

    init(frameCountMax: Int) { self.frameCountMax = frameCountMax }

    func add(_ frame: LiveFrame) {
        state.withLock { state in
            if state.isEnded { return }
            if state.frameCount == frameCountMax {
                // It may go on where it was, as long as that is remembered.
                state = State(isEnded: true)
            } else {
                state.bytes += frame.bytes
                state.frameCount += 1
            }
        }
        signal.set()
    }

    /// Nothing follows what is there.
    func end() {
        state.withLock { $0.isEnded = true }
        signal.set()
    }

    /// - Returns: all that there is to send, and whether nothing follows.
    func take() -> (bytes: [UInt8], isEnded: Bool) {
        state.withLock { state in
            defer { (state.bytes, state.frameCount) = ([], 0) }
            return (state.bytes, state.isEnded)
        }
    }
}
