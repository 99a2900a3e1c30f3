internal import Synchronization

/// Limits the memory of request bodies, from arrival to response: in total, and for one client's network.
final class BodyRoom: Sendable {
    private struct State {
        var byteCount = 0
        var byNetwork: [String: Int] = [:]
    }
    private let bytesMax: Int
    private let bytesPerNetworkMax: Int
    private let state = Mutex(State())

    init(bytesMax: Int = 256 * 1024 * 1024, bytesPerNetworkMax: Int = 32 * 1024 * 1024) {
        self.bytesMax = bytesMax
        self.bytesPerNetworkMax = bytesPerNetworkMax
    }

    /// - Returns: false when there is not enough room; then nothing is reserved.
    func enter(_ byteCount: Int, _ network: String) -> Bool {
        state.withLock { state in
            let ofNetwork = state.byNetwork[network, default: 0] + byteCount
            guard state.byteCount + byteCount <= bytesMax, ofNetwork <= bytesPerNetworkMax else { return false }
            state.byteCount += byteCount
            state.byNetwork[network] = ofNetwork
            return true
        }
    }

    func leave(_ byteCount: Int, _ network: String) {
        if byteCount == 0 { return }
        state.withLock { state in
            state.byteCount -= byteCount
            let left = state.byNetwork[network, default: byteCount] - byteCount
            state.byNetwork[network] = left > 0 ? left : nil
        }
    }
}
