internal import Synchronization

/// Counts the connections of a server over all its loops.
final class Admission: Sendable {
    private struct State {
        var total = 0
        var byAddress: [String: Int] = [:]
    }
    private let state = Mutex(State())
    private let connectionsMax: Int
    private let connectionsPerAddressMax: Int
    private let trustedProxies: [IPRange]

    init(_ configuration: HTTPServerConfiguration) {
        connectionsMax = configuration.connectionsMax
        connectionsPerAddressMax = configuration.connectionsPerAddressMax
        trustedProxies = configuration.trustedProxies
    }

    var count: Int { state.withLock { $0.total } }

    /// - Returns: false when a limit is reached; the connection is then not counted.
    func admit(_ address: String) -> Bool {
        let isProxy = trustedProxies.holds(address)
        let address = IPAddress.network(of: address)
        return state.withLock { state in
            let count = state.byAddress[address, default: 0]
            guard state.total < connectionsMax, isProxy || count < connectionsPerAddressMax else { return false }
            state.total += 1
            state.byAddress[address, default: 0] += 1
            return true
        }
    }

    func dismiss(_ address: String) {
        let address = IPAddress.network(of: address)
        state.withLock { state in
            state.total -= 1
            let left = state.byAddress[address, default: 1] - 1
            state.byAddress[address] = left > 0 ? left : nil
        }
    }
}
