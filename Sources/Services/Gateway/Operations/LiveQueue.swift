internal import EventLoop
internal import Synchronization

/// Frames that an open stream has not sent yet. Bounded: a reader that is too slow is disconnected.
final class LiveQueue: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var frameCount = 0
        var isEnded = false
    }

    /// The log-in session of the token that opened the stream.
    let session: String
    private let frameCountMax: Int
    private let state = Mutex(State())
    /// Set when there is something to take.
    let signal = Signal()

    init(of session: String, frameCountMax: Int) {
        self.session = session
        self.frameCountMax = frameCountMax
    }

    func add(_ frame: LiveFrame) {
        state.withLock { state in
            if state.isEnded { return }
            if state.frameCount == frameCountMax {
                // It may resume while its position is kept.
                state = State(isEnded: true)
            } else {
                state.bytes += frame.bytes
                state.frameCount += 1
            }
        }
        signal.set()
    }

    /// No frames follow.
    func end() {
        state.withLock { $0.isEnded = true }
        signal.set()
    }

    /// - Returns: all unsent bytes, and whether none follow.
    func take() -> (bytes: [UInt8], isEnded: Bool) {
        state.withLock { state in
            defer { (state.bytes, state.frameCount) = ([], 0) }
            return (state.bytes, state.isEnded)
        }
    }
}
