internal import Contracts
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// Notes that what a person was subscribed to is over, unless they have subscribed again since then.
    func endPlan(of id: UserID, at time: Date) async throws {
        try await database.transaction { tx in try await setPlan(of: id, to: .free, since: time, on: tx) }
    }

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
