internal import Contracts
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// Notes what a person is subscribed to. An older subscription that arrives later changes nothing, and an erased account stays
    /// erased.
    func setPlan(of id: UserID, to plan: Plan, since: Date, on tx: Transaction) async throws {
        guard let account = try await store.lock(id, on: tx),
            try await store.updatePlanTime(id, since: since, on: tx)
        else { return }
        var changed = account
        changed.plan = plan
        _ = try await save(changed, instead: account, on: tx)
    }
}
