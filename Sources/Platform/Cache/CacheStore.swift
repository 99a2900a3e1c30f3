/// Storage of a cache. A throwing call means that the store is unavailable.
protocol CacheStore: Sendable {
    /// In the order of the keys; nil for missing or expired ones.
    func read(_ keys: [String]) async throws -> [[UInt8]?]
    func write(_ bytes: [UInt8], at key: String, for time: Duration) async throws
    /// Like ``write(_:at:for:)``, if the key is missing.
    /// - Returns: the value stored now; nil if none is.
    func writeFirst(_ bytes: [UInt8], at key: String, for time: Duration) async throws -> [UInt8]?
}
