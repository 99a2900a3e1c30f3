internal import Contracts
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// Ends a person's plan, unless they have subscribed again since.
    func endPlan(of id: UserID, at time: Date) async throws {
        try await database.transaction { tx in try await setPlan(of: id, to: .free, since: time, on: tx) }
    }

    /// Stores a person's plan. An older event that arrives later changes nothing, and an erased account remains erased.
    func setPlan(of id: UserID, to plan: Plan, since: Date, on tx: Transaction) async throws {
        guard let account = try await store.lock(id, on: tx),
            try await store.updatePlanTime(id, since: since, on: tx)
        else { return }
        var changed = account
        changed.plan = plan
        _ = try await save(changed, instead: account, on: tx)
    }
}
