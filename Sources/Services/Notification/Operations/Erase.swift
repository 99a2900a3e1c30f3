internal import Contracts
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// Erases a person: address, names, list, mailbox and mail contents. A tombstone stops late events. A mail that is just being sent
    /// cannot be recalled.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) {
        store.deleteRecipient(user, at: time, on: tx)
        store.deleteTraces(of: user, at: now(), on: tx)
    }

    /// Deletes expired data.
    func tidyUp(_ limits: KeepingLimits = KeepingLimits()) async throws {
        try await store.deleteOld(limits, at: now(), on: database)
    }
}
