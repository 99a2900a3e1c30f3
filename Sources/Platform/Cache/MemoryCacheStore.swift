internal import Synchronization

/// Stores bytes in the process, in two generations. A read moves an entry to the younger one; when that is full, the older one is
/// dropped. Unused entries go first, without a search.
final class MemoryCacheStore: CacheStore {
    private struct Entry {
        let bytes: [UInt8]
        let end: ContinuousClock.Instant
    }

    private struct State {
        var young: [String: Entry] = [:]
        var old: [String: Entry] = [:]
        var youngBytes = 0
    }

    private let limits: CacheLimits
    private let uptime: Uptime
    private let state = Mutex(State())

    init(_ limits: CacheLimits, uptime: @escaping Uptime) {
        self.limits = limits
        self.uptime = uptime
    }

    func read(_ keys: [String]) -> [[UInt8]?] {
        let time = uptime()
        return state.withLock { state in keys.map { find($0, at: time, in: &state) } }
    }

    func write(_ bytes: [UInt8], at key: String, for time: Duration) {
        let entry = Entry(bytes: bytes, end: uptime() + time)
        state.withLock { keep(entry, at: key, in: &$0) }
    }

    func writeFirst(_ bytes: [UInt8], at key: String, for time: Duration) -> [UInt8]? {
        let now = uptime()
        return state.withLock { state in
            if let kept = find(key, at: now, in: &state) { return kept }
            keep(Entry(bytes: bytes, end: now + time), at: key, in: &state)
            return bytes
        }
    }

    private func find(_ key: String, at time: ContinuousClock.Instant, in state: inout State) -> [UInt8]? {
        if let entry = state.young[key] { return time < entry.end ? entry.bytes : nil }
        guard let entry = state.old[key], time < entry.end else { return nil }
        keep(entry, at: key, in: &state)
        return entry.bytes
    }

    private func keep(_ entry: Entry, at key: String, in state: inout State) {
        let byteCount = Self.size(of: entry.bytes, at: key)
        if state.youngBytes + byteCount > limits.memoryBytesMax / 2 || state.young.count >= limits.memoryCountMax / 2 {
            state.old = state.young
            state.young = [:]
            state.youngBytes = 0
        }
        if let before = state.young.updateValue(entry, forKey: key) {
            state.youngBytes -= Self.size(of: before.bytes, at: key)
        }
        state.youngBytes += byteCount
        state.old[key] = nil
    }

    /// Approximate memory of an entry.
    private static func size(of bytes: [UInt8], at key: String) -> Int { bytes.count + key.utf8.count + 128 }
}
