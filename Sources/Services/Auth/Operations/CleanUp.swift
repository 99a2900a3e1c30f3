internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    private static let batchCountMax = 1_000

    /// Deletes expired sessions, decayed tallies and unused devices, in small transactions.
    /// - Returns: how many rows were deleted.
    @discardableResult
    func cleanUp() async throws -> Int {
        let time = now()
        return try await inBatches { tx in
            try await store.deleteSessions(expiredBefore: time, limit: Self.batchCountMax, on: tx)
        }
            + inBatches { tx in
                try await store.deleteTallies(
                    lastBefore: time - Tally.memorySeconds, limit: Self.batchCountMax, on: tx)
            }
            + inBatches { tx in
                try await store.deleteDevices(
                    lastUsedBefore: time - Device.lifetimeSeconds, limit: Self.batchCountMax, on: tx)
            }
    }

    private func inBatches(_ delete: @Sendable (Transaction) async throws -> Int) async throws -> Int {
        var total = 0
        while true {
            let count = try await database.transaction { tx in try await delete(tx) }
            total += count
            if count < Self.batchCountMax { return total }
        }
    }
}
