import Contracts
@testable import Gamification
import Platform
import Postgres
import ServiceTesting
import Testing

@Suite struct ErasureTests {
    @Test func `no data of an erased learner remain, also after repeated events`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new, eve = UserID.new
            try await hub.register(ada)
            try await hub.register(eve)
            let deletion = EventID.make(at: GamificationHub.time)
            try await hub.delete(ada, deletion)
            try await hub.delete(ada, deletion)
            #expect(try await hub.operations.standing(of: ada) == .none)
            #expect(try await hub.operations.ledger(of: ada, PageRequest(limit: 10)).items.isEmpty)
            #expect(try await hub.operations.standing(of: eve).points == 50)
            #expect(try await hub.rowCount("points_award") == 1)
        }
    }

    @Test func `a registration after the erasure gives nothing`() async throws {
        try await GamificationHub.with { hub in
            let ada = UserID.new
            try await hub.delete(ada)
            try await hub.register(ada)
            #expect(try await hub.operations.standing(of: ada) == .none)
            #expect(try await hub.rowCount("points_award") == 0)
            #expect(try await hub.rowCount("badge_award") == 0)
            #expect(try await hub.rowCount("outbox") == 0)
        }
    }

    /// The award holds its row and waits; the erasure must wait for it and delete its data.
    @Test func `an erasure during an award leaves nothing`() async throws {
        try await GamificationHub.with { hub in
            for _ in 0..<20 {
                let ada = UserID.new
                async let award: Void = hub.register(ada)
                async let erasure: Void = hub.delete(ada)
                _ = try await (award, erasure)
                #expect(try await hub.operations.standing(of: ada) == .none)
            }
            #expect(try await hub.rowCount("points_award") == 0)
            #expect(try await hub.rowCount("badge_award") == 0)
        }
    }
}
