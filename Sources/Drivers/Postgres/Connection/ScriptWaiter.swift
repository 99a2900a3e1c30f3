internal import EventLoop

/// Lets a script wait until its connection is readable or writable again.
///
/// A wake that comes between the look at the connection and the wait is kept: between the two the task may be put back in line.
/// So a wait may end for nothing, and who waits looks again.
// @unchecked: confined to its loop.
final class ScriptWaiter: @unchecked Sendable {
    private var continuation: CheckedContinuation<Void, Never>?
    private var isAwake = false
    var isWaiting: Bool { continuation != nil }

    /// - Parameter begun: called once a wake would be noticed.
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
