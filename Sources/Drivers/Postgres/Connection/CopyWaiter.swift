internal import EventLoop

/// Lets a bulk copy wait until its connection is readable or writable again.
// @unchecked: confined to its loop.
final class CopyWaiter: @unchecked Sendable {
    private var continuation: CheckedContinuation<Void, Never>?

    func wait() async {
        await withCheckedContinuation { continuation = $0 }
    }

    func wake() {
        continuation?.resume()
        continuation = nil
    }
}
