internal import EventLoop

/// Lets a script wait until its connection is readable or writable.
///
/// A wake-up between checking the connection and waiting is kept, because the task may be suspended in between. So a wait may end
/// spuriously, and the caller checks again.
// @unchecked: confined to its loop.
final class ScriptWaiter: @unchecked Sendable {
    private var continuation: CheckedContinuation<Void, Never>?
    private var isAwake = false
    var isWaiting: Bool { continuation != nil }

    /// - Parameter begun: called once wake-ups are recorded.
    func wait(_ begun: () -> Void) async {
        await withCheckedContinuation { continuation in
            if isAwake {
                isAwake = false
                continuation.resume()
            } else {
                self.continuation = continuation
                begun()
            }
        }
    }

    func wake() {
        guard let continuation else {
            isAwake = true
            return
        }
        self.continuation = nil
        continuation.resume()
    }
}
