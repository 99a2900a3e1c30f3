/// Where a cache keeps bytes. What throws is a cache that is not there for now.
protocol CacheStore: Sendable {
    /// In the order of the keys; nil for what is not kept, or no longer.
    func read(_ keys: [String]) async throws -> [[UInt8]?]
    func write(_ bytes: [UInt8], at key: String, for time: Duration) async throws
    /// As ``write(_:at:for:)`` where nothing is kept yet.
    /// - Returns: what is kept now; nil when it did not stay.
    func writeFirst(_ bytes: [UInt8], at key: String, for time: Duration) async throws -> [UInt8]?
}
