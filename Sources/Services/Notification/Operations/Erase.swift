internal import Contracts
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// Forgets a person: address, names, list, mailbox, the texts of mails. What comes late for them finds a tombstone. A mail that is
    /// being handed over at this moment cannot be called back.
    func erase(_ user: UserID, at time: Date, on tx: Transaction) {
        store.deleteRecipient(user, at: time, on: tx)
        store.deleteTraces(of: user, at: now(), on: tx)
    }

    /// Removes what is older than it need be.
    func tidyUp(_ limits: KeepingLimits = KeepingLimits()) async throws {
        try await store.deleteOld(limits, at: now(), on: database)
    }
}
